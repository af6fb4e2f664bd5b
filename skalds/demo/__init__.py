"""The worker that `skalds demo` runs: an application as a user would write it."""
