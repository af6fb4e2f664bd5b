"""Periodic duties that read a snapshot, ask the planner and commit the plan."""
