"""Kibana beside the built-in dashboard, for sites whose store is Elasticsearch."""
