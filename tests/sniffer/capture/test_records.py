import numpy as np

from sniffer.capture.records import View

RAW = np.arange(64, dtype=np.uint8)


def test_unaligned_numbers_of_either_order():
    view = View(RAW)
    assert view.column(np.array([1, 6]), ">u2").tolist() == [0x0102, 0x0607]
    assert view.column(np.array([3]), "<u4").tolist() == [0x06050403]


def test_structures_are_gathered_in_one_pass():
    layout = np.dtype([("first", "u1"), ("second", ">u2")])
    rows = View(RAW).rows(np.array([9, 0, 61]), layout)
    assert rows["first"].tolist() == [9, 0, 61]
    assert rows["second"].tolist() == [0x0A0B, 0x0102, 0x3E3F]
