"""The controller process: its entry, wiring, use cases, API and monitor."""
