"""Presence of nodes and taps on controllers over Redis, a single server or a Cluster."""
