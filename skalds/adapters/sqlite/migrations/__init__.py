"""The SQL of each step from one schema version to the next."""
