"""The distributed store: an Elasticsearch 9 or 8.19 cluster, by its official client."""
