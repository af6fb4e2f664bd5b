"""The agent on a machine: announces itself, receives assignments, supervises worker processes."""
