"""What stands before every page: security headers, the Host check, the password, the same-origin check."""
