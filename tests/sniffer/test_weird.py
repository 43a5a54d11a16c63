from sniffer.weird import _BLINDING, Weird


def test_counts_add_up_and_only_what_was_met_is_named():
    total = Weird(truncated=2, evicted=1)
    total.add(Weird(truncated=3, fragments=4))
    assert total.nonzero() == {"truncated": 5, "fragments": 4, "evicted": 1}


def test_what_blinds_is_a_part_of_what_is_counted():
    everything = Weird(**dict.fromkeys(Weird.__dataclass_fields__, 1))
    assert everything.blinding().keys() == _BLINDING
    assert Weird(after_close=3).blinding() == {}
