"""Port 53 beside the mail: which MX host a server's address stands for, and answers that contradict each other.

``asked`` matches UDP answers with their questions, ``stream`` those in TCP; ``question`` and ``message`` read them (RFC 1035),
``links`` remembers who led to whom and until when, ``names`` puts that together, ``reader`` is the door. An answer counts
only when its question was captured before it, with the same ends, number and name. Nothing here raises on any bytes.
"""
