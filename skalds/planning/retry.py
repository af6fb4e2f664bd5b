"""How long a task waits before its next run."""

LONGEST_DELAY_MS = 600_000
JITTER = 0.1


def retry_delay_ms(failures: int, delay_ms: int, backoff: float, jitter: float) -> int:
    """Delay (ms) after the `failures`-th failure: `delay × backoff^(failures − 1)`, at most 10 minutes, ± 10 %.

    `jitter` is a random number from [0, 1); it keeps tasks that failed together from coming back together.
    """
    if delay_ms == 0:
        return 0
    # A float power overflows for absurd inputs; the cap makes the exact value irrelevant.
    try:
        planned = delay_ms * backoff ** (failures - 1)
    except OverflowError:
        planned = LONGEST_DELAY_MS
    spread = 1 - JITTER + 2 * JITTER * jitter
    return min(LONGEST_DELAY_MS, round(min(planned, LONGEST_DELAY_MS) * spread))
