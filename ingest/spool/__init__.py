"""The spool: the one door. Whatever arrives is durable here, as it came, before anybody is told that it was taken.

Folder
------
::

    spool/
      <producer>-<counter>.seg            a segment file: being written, or not yet drained
      <producer>-<counter>.seg.tmp        a segment file being made; without a living owner it is litter
      checkpoint                          how far the drain has come (one line of CRC32C in hex, one of JSON)
      reserve                             zeros: let go so that a checkpoint can be written on a full disk
      drain.lock                          flock: one drain at a time
      retired/<segment>.<service>.seg     drained, kept for replays; <service> = seconds of service when it was retired
      quarantine/<segment>-<offset>.bad   bytes that were no whole record

``<producer>`` is 12 random hexadecimal digits, new each time a spool is opened, ``<counter>`` eight decimal digits
ascending from 1: names carry no wall clock and sort in the order of one producer. A producer holds a ``flock`` on the
segment file that it writes, so a reader can tell a living one from a dead one. **A segment file only grows.** The one
exception is the last thing a producer does to a file it gives up after an error: cutting it back to what was
acknowledged. Nothing is ever written into it again, so an offset never holds two different records.

Segment file, version 1 (all integers little-endian)
----------------------------------------------------
====== ===== =========================================================================
offset bytes header, 64 bytes, durable before the file gets its name
====== ===== =========================================================================
0      8     ``STRIPSPL``
8      2     version, 1
10     2     header size, 64
12     8     marker: random, new for each file
20     40    segment name in ASCII, padded with NUL
60     4     CRC32C of the 60 bytes before
====== ===== =========================================================================

Then records, one after the other without padding:

====== ===== =========================================================================
offset bytes frame
====== ===== =========================================================================
0      4     ``F7 53 57 52``
4      8     the file's marker: a mail cannot forge a frame inside its own body
12     4     number of the record in this file, ascending from 0 by 1
16     4     payload's length in bytes
20     8     ``arrived_at`` of the record, signed, nanoseconds since the epoch
28     4     CRC32C of the payload
32     4     CRC32C of the 32 bytes before
36     …     payload: MessagePack map of :class:`ingest.spool.record.SpoolRecord`, absent fields left out
====== ===== =========================================================================

A record's id is ``<producer>-<counter>-<number, 7 digits>``.

Reading damage: from the first byte that does not begin a whole record, search for the next frame whose own CRC is
right. The numbers tell how many records were lost between. If the header is damaged, the marker is taken from the
first frame found whose CRC is right. What lies between is copied to ``quarantine/`` and counted.
"""
