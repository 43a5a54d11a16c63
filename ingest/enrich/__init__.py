"""Where an address is and whose it is: country, AS number, operator, kind of operator.

Sources in order, the first that knows a field wins: the operator's own table of networks (``prefixes``), MaxMind-format
files (``maxmind``), the packaged data set (``packaged``). What no source knows is absent, never an error.
"""

from ingest.enrich.enricher import Enricher
from ingest.enrich.errors import PlaceDataError
from ingest.enrich.maxmind import MaxMindFiles
from ingest.enrich.packaged import PackagedPlaces
from ingest.enrich.place import UNKNOWN, Place, PlaceSource, SourceAge
from ingest.enrich.prefixes import PrefixTable

__all__ = [
    "UNKNOWN",
    "Enricher",
    "MaxMindFiles",
    "PackagedPlaces",
    "Place",
    "PlaceDataError",
    "PlaceSource",
    "PrefixTable",
    "SourceAge",
]
