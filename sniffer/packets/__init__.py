"""Records to columns: link, network and transport headers of many packets at once, TCP of interest only.

Every layer is a step that moves a ``Cursor`` (which records, and where their next header begins) forward; a rare layer
(tags, labels, options, extension headers, tunnels) moves only its own rows. Fragments alone are put together one by one.
"""
