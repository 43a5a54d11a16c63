"""Dead letters: what could not be used, why, and its raw bytes, until somebody mends the cause and retries it.

A folder of files, ``<spool record id>-<item, 4 digits>.letter``, each made durably under a temporary name and renamed, so
that it is whole or not there. Adding the same letter again changes nothing: a drain may repeat itself.

File, version 1::

    stripwatch-dead-letter 1 <CRC32C of the header> <header bytes> <item bytes> <CRC32C> <body bytes> <CRC32C>\n
    <header: JSON>\n
    <the item's raw bytes><the record's body, when it is not the item itself>

CRCs are eight hexadecimal digits. ``evictions`` counts, durably, what went because the folder was over its bound.
"""
