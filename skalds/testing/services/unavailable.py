"""Why a server cannot be had."""


class Unavailable(Exception):
    """A server cannot be had here; the message says why, and what would help."""


class NotOurs(Exception):
    """A server that others run may be used, and nothing else."""
