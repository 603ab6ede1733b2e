"""What a sweep did."""

from attrs import frozen

from tiktok_async.errors import TikTokError


@frozen(slots=True, kw_only=True)
class RefreshReport:
    """One sweep over the accounts whose token ends soon.

    Attributes:
        refreshed: How many tokens were rotated.
        failed: How many rotations failed.
        skipped: How many were left to another worker, or turned out not to be due any more.
        failures: The open_id and the error of at most 100 that failed, soonest end first.
    """

    refreshed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[tuple[str, TikTokError], ...] = ()
