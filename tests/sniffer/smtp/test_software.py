import pytest

from sniffer.smtp.software import host_of, software_of


@pytest.mark.parametrize(
    ("banner", "software", "host"),
    [
        ("220 mx.example ESMTP Postfix (Debian/GNU)", "Postfix", "mx.example"),
        ("220 mx.google.com ESMTP hf10si4097299icc.190 - gsmtp", "Gmail", "mx.google.com"),
        ("220 a.b.example ESMTP Exim 4.96 Tue, 24 Nov 2026", "Exim", "a.b.example"),
        ("220 X1.prod.protection.outlook.com Microsoft ESMTP MAIL Service ready at Tue", "Exchange", "x1.prod.protection.outlook.com"),
        ("220 h.example ESMTP Sendmail 8.17.1/8.17.1; Tue", "Sendmail", "h.example"),
        ("220 h.example ESMTP OpenSMTPD", "OpenSMTPD", "h.example"),
        ("220 h.example ESMTP", None, "h.example"),
        ("220 ESMTP ready", None, None),
        ("220 [192.0.2.1] ESMTP", None, None),
        ("220 ********", None, None),
        ("220", None, None),
        ("220-h.example ESMTP Exim\n220 no spam", "Exim", "h.example"),
    ],
)
def test_a_greeting_says(banner: str, software: str | None, host: str | None) -> None:
    assert software_of(banner) == software
    assert host_of(banner) == host
