"""The embedded engine: one SQLite file, Unix datagrams and file locks, for one machine."""
