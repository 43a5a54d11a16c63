"""The SMTP observer: what a session's commands and replies show, before TLS. Pure. Its door is ``smtp.observer``."""
