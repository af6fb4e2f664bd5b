"""Live events: what happens to tasks and nodes, told to everyone who listens, encoded once."""
