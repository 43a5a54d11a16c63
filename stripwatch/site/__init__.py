"""One installation: its data folder, and the parts that a configuration makes of it."""

from stripwatch.site.folders import Folders
from stripwatch.site.site import Site

__all__ = ["Folders", "Site"]
