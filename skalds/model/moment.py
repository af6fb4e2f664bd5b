"""The present, for the defaults of public models that users build in their own scripts."""

import time


def now_ms() -> int:
    """Wall-clock milliseconds since the epoch (UTC).

    Only the defaults of `Task` and `TaskEvent` use it, because code written for Skalds 0.3.8 expects them filled in.
    The core receives the time through the `Clock` port or `ClusterSnapshot.now`.
    """
    return time.time_ns() // 1_000_000
