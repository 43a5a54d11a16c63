"""The POP3 observer: what a session's commands and answers show, before TLS (RFC 1939, 2449, 2595). Pure."""
