"""The second engine: Wireshark's dissectors, run by pyshark. It shares none of the packet engine's reading of packets,
only what is made of it: text and records → dialogue and handshake → observation → verdict.

Which lines are commands and which a message's is not Wireshark's to say: where commands are cut over packets, or a
message comes with its BDAT, it takes each for the other, and a mail could accuse by what it says.

Slower by orders of magnitude, and Wireshark itself keeps state of every connection of a capture: it is here to check
the first engine, not to watch a busy link.
"""
