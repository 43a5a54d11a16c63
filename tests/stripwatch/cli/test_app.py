import pytest

from stripwatch.cli.app import COMMANDS

from .conftest import Run


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout


def test_wrong_usage_ends_with_2_and_one_line_or_usage(run: Run) -> None:
    done = run("pars")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean parse?" in done.stderr
    assert run("parse").returncode == 2
    assert run("sessions", "--limit", "0").returncode == 2
    assert run("sessions", "nonsense").returncode == 2


def test_a_bad_configuration_ends_with_2_and_one_line(run: Run) -> None:
    done = run("sessions", STRIPWATCH_SMPT_PORT="1")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "STRIPWATCH_SMTP_PORT" in done.stderr


def test_version(run: Run) -> None:
    assert run("--version").stdout.startswith("stripwatch 0.")
