"""The second engine: Wireshark's dissectors, run by pyshark. It shares none of the packet engine's reading of bytes,
only what is made of it: dialogue and handshake → observation → verdict.

Slower by orders of magnitude, and Wireshark itself keeps state of every connection of a capture: it is here to check
the first engine, not to watch a busy link.
"""
