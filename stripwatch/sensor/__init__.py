"""``sniff -i``: a capture that runs for weeks, its sessions printed, spooled for the store, or forwarded to a collector."""
