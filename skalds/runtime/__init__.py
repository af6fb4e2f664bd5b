"""How a long-running process starts, ticks, logs and stops; knows nothing of tasks."""
