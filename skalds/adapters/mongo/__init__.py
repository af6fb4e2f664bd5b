"""The store of the distributed engine: tasks and all that belongs to them in one MongoDB database."""
