"""Captures to records: where each packet's bytes begin, how many there are, when and on which interface.

``source`` yields windows of bytes (mapped file, pipe, decompressor), ``pcap`` and ``pcapng`` find the records in a
window, ``lanes`` walks them many at a time, ``reader`` puts the three together.
"""
