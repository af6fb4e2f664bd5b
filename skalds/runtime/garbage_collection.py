"""How the interpreter's cyclic collector is set for a long-running process."""

import gc


def calm_collector() -> None:
    """Collects less often, and never again what exists now.

    A pass over thousands of tasks makes bursts of small values without cycles. At the interpreter's default the
    collector walks them over and over, which doubled the time of a large pass (measured on Python 3.11).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
