"""One use case per file, called by the API: load, decide, commit, announce."""
