"""From the spool to the store: parse, enrich, identify, write, account for every item, and only then forget the record."""
