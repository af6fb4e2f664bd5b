"""The complete engine in plain Python: a world that controllers and nodes of one process share."""
