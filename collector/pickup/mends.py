"""What to do about a box that cannot be used, by the reason of its BoxError."""

MENDS = {
    "login_failed": "see user and password_file",
    "password_unreadable": "see password_file",
    "tls_failed": "see ca_file, and host: it must be the name in the certificate",
    "starttls_not_offered": 'ask the server\'s operator, or set tls = "implicit"',
    "folder_refused": "see folder and move_to: some servers want INBOX. before a name",
    "folder_read_only": "give the user that stripwatch runs as the right to change the folder",
    "flag_not_kept": 'set after = "move"',
    "not_a_maildir": "see folder: it must hold new/, cur/ and tmp/",
    "server_silent": "see host and port",
    "connection_failed": "see host and port; it is tried again by itself",
}
