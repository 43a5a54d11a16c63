"""Telling people of incidents, by the services that Apprise knows."""
