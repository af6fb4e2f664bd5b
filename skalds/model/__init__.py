"""The nouns of the domain, the snapshot and the plan as frozen values; no I/O, no storage format."""
