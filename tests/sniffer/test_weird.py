from sniffer.weird import Weird


def test_counts_add_up_and_only_what_was_met_is_named():
    total = Weird(truncated=2, evicted=1)
    total.add(Weird(truncated=3, fragments=4))
    assert total.nonzero() == {"truncated": 5, "fragments": 4, "evicted": 1}
