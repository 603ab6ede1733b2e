"""How often, and for how long, a failed call that may be repeated is repeated."""

from datetime import timedelta

from attrs import field, frozen, validators


@frozen(slots=True, kw_only=True)
class RetryPolicy:
    """Attempts, backoff and the overall deadline for what is safe to repeat.

    The wait before attempt *n* is drawn evenly from zero to `min(cap, base * 2 ** (n - 1))` ("full jitter").

    Attributes:
        attempts: How often a call is tried in all; 1 never repeats.
        base: The longest first wait.
        cap: The longest wait.
        deadline: No attempt starts later than this after the first.
    """

    attempts: int = field(default=4, validator=validators.ge(1))
    base: timedelta = timedelta(milliseconds=250)
    cap: timedelta = timedelta(seconds=20)
    deadline: timedelta = timedelta(seconds=90)
