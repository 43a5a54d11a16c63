"""Reports that claim one identity with different contents: side by side, how they differ, and which one counts."""
