"""Where an address is and whose it is: country, AS number, operator, kind of operator.

Sources in order, the first that knows a field wins: the operator's own table of networks (``prefixes``), MaxMind-format
files (``maxmind``), the packaged data set (``packaged``). What no source knows is absent, never an error.
"""
