"""The wait after a failure: the one formula of this library."""

__all__ = ["FULL_JITTER", "NEAR", "backoff"]

NEAR = (0.75, 1.25)
"""At most a quarter more or less: for work that a caller waits for."""

FULL_JITTER = (0.0, 1.0)
"""Anything from zero to the full time: for many callers that failed at the same moment."""

# The doubling is bounded, since 2 ** 1100 is too large for a float.
_MOST_DOUBLINGS = 30


def backoff(failures: int, *, base: float, cap: float, jitter: float, spread: tuple[float, float] = NEAR) -> float:
    """Return the seconds to wait after the *failures*-th failure in a row.

    Args:
        failures: From 1.
        base: Seconds after the first failure; they double with each further one.
        cap: The most seconds, before *jitter*.
        jitter: A random number from 0 up to 1.
        spread: The smallest and the largest factor of that time, between which *jitter* chooses.
    """
    least, most = spread
    return min(cap, base * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)) * (least + (most - least) * jitter)
