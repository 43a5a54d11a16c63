"""The IMAP observer: what a session's commands and responses show, before TLS (RFC 3501, 9051). Pure."""
