"""Who sent a mailed report: DKIM, SPF and alignment, decided after the spool."""
