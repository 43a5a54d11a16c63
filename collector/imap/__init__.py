"""IMAP intake: reports that arrive in a mailbox somebody has already."""
