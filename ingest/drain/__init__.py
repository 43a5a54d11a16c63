"""From the spool to the store: parse, enrich, identify, write, account for every item, and only then forget the record."""

from ingest.drain.drain import Drain, DrainSettings, Spans
from ingest.drain.judgement import Judge, Judgement, WayJudge

__all__ = ["Drain", "DrainSettings", "Judge", "Judgement", "Spans", "WayJudge"]
