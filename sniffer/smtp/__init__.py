"""The SMTP observer: what a session's commands and replies show, before TLS. Pure."""

from sniffer.smtp.observer import observe_smtp

__all__ = ["observe_smtp"]
