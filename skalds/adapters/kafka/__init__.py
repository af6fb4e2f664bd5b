"""Hints to nodes over Kafka, on the topics of Skalds 0.3.8."""
