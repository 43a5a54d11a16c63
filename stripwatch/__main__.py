from stripwatch.cli import main

main()
