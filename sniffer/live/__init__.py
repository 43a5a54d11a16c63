"""Sessions from an interface, as they end: dumpcap captures, our engine reads its pipe.

``filter`` says which packets are wanted, ``dumpcap`` runs Wireshark's small privileged program, ``pipe`` cuts its output
into timed windows, ``watch`` turns those into sessions, ``forwarder`` sends spooled ones to a collector.
"""
