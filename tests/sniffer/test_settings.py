from sniffer.settings import ports_of


def test_ports_of_protocols_and_configured_ones():
    assert ports_of(frozenset({"smtp"})) == {25, 465, 587, 2525}
    assert ports_of(frozenset({"smtp", "pop3"}), frozenset({26})) == {25, 26, 465, 587, 2525, 110, 995}
    assert ports_of(frozenset({"imap"})) == {143, 993}
