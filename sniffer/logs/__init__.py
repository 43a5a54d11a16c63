"""Sessions from others' logs: Zeek's smtp, ssl, conn and x509 logs, Suricata's EVE events smtp, tls and flow.

Neither program keeps the EHLO's offer or a masked command. So a log can say that a session was encrypted, or that
its handshake failed, and otherwise nothing: the verdict is then ``incomplete``, and what was not logged is absent.
No verdict that accuses can come from here.
"""
