"""Columns to connections: segments of a window grouped by flow, reassembled per direction, ended by rule.

``groups`` sorts a window's segments into flows and tells the orderly ones from the rest; ``direction`` reassembles one
direction's head; ``flow`` holds the two of a connection; ``table`` keeps the open ones between windows and decides when
a connection begins and ends. Every rule looks at packets and capture time alone, never at where a window was cut:
the same packets give the same connections, whatever the window size.
"""
