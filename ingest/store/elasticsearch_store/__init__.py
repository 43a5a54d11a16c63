"""The distributed store: an Elasticsearch 9 cluster, by its official client."""
