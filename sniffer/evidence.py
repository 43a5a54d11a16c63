"""The words of ``smtp.evidence[].word``: short, stable, each with its meaning. One table; nothing else may stand there."""

from __future__ import annotations

from sniffer.tls.codes import ALERTS

WORDS: dict[str, str] = {
    # offers and commands that were changed on the wire
    "masked_offer": "a masked word stands in the EHLO reply (or among the capabilities of POP3, IMAP) where STARTTLS (STLS) would:"
    " XXXXXXXX, XXXXXXXA, ********, STARTTLX",
    "masked_word": "another masked word in the EHLO reply, or a masked eight-letter word beside a real STARTTLS or amid a mail",
    "masked_command": "the client's command is masked: XXXXXXXX or XXXXXXXA where STARTTLS would be",
    "masked_ehlo": "the client's EHLO is masked, so that the server knows it not and the client falls back to HELO",
    "masked_banner": "the greeting is overwritten with asterisks, as inspecting firewalls do",
    "own_device": "what our own side sent was masked before it came to the tap: a device of ours does it",
    # STARTTLS
    "starttls_refused": "STARTTLS was answered 4xx or 5xx, or neither so nor 220, and the session went on in clear (POP3: -ERR; "
    "IMAP: NO or BAD; the verdict of that name takes a well-formed one)",
    "starttls_malformed": "STARTTLS was sent with parameters, which RFC 3207 forbids",
    "starttls_unanswered": "STARTTLS got no reply",
    "anonymous_tls": "X-ANONYMOUSTLS, Exchange's variant of STARTTLS, was asked for",
    "tls_required": "the server demands STARTTLS before it goes on (530; POP3, IMAP: a login refused for want of it)",
    "login_disabled": "IMAP's LOGINDISABLED: the server takes no password before TLS",
    "preauthenticated": "IMAP's PREAUTH greeting: after it no STARTTLS is possible, which an attacker can make use of (RFC 9051, 11.2)",
    "pipelined_after_starttls": "the client's stream holds commands between STARTTLS and the handshake: command injection",
    "reply_after_accept": "the server's stream holds replies between the 220 and the handshake: reply injection",
    "clear_after_accept": "plain text goes on after STARTTLS was accepted, as in traffic that a mirror decrypted",
    # handshakes that failed
    "garbage": "bytes that are no TLS where the handshake should go on",
    "reset": "the connection was reset before the handshake was done",
    "closed": "the connection was closed before the handshake was done",
    "silence": "nothing more came before the handshake was done",
    "alert_encrypted": "an encrypted alert before the handshake was done",
    **{f"alert_{name}": f"TLS alert {code} ({name.replace('_', ' ')}) before the handshake was done" for code, name in ALERTS.items()},
    "alert_unknown": "a TLS alert that no registry knows, before the handshake was done",
    # greetings
    "ehlo_refused": "EHLO was answered 4xx or 5xx",
    "greeting_refused": "the server's greeting was 4xx or 5xx",
    "proxy_header": "a PROXY protocol header stands before the client's first command",
    # port 53 in the same capture
    "dns_answer_contradicted": "a DNS question about this server was answered twice with nothing in common: one answer is forged",
    # what the capture did not hold
    "client_not_captured": "no packet of the client was captured",
    "server_not_captured": "no packet of the server was captured",
    "loss_client": "bytes of the client are missing before the verdict was decided",
    "loss_server": "bytes of the server are missing before the verdict was decided",
    "capture_ended": "less than two minutes after the session's last packet the capture ended, or had no room for it: it may have gone on",
    "late_start": "the capture begins in the middle of the session",
    "no_reply": "EHLO or HELO got no reply, or none was sent",
    # what another program's log does not say
    "from_log": "another program's log tells of the session (its deciding values stand beside): it keeps neither the offer nor the"
    " commands, so it can show TLS and its failure, never stripping",
}
