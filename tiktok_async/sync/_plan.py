"""What a round is to do, checked once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import frozen

from tiktok_async.api.account import Account
from tiktok_async.errors import ConfigurationError, ReauthorizationRequired, ScopeNotAuthorized, ScopeNotGranted
from tiktok_async.models import Checkpoint, Video, VideoField
from tiktok_async.sync import _rules as rules

EVERY = timedelta(hours=12)
LOOK_BACK = timedelta(days=30)
NEEDS_LOGIN = (ReauthorizationRequired, ScopeNotGranted, ScopeNotAuthorized)

_LEASE = timedelta(seconds=60)


@frozen(kw_only=True)
class Plan:
    """What a round is to do.

    Attributes:
        every: How often an account is synced.
        look_back: How far back to look for changed and missing videos.
        since: Nothing older than this; `None` for no bound.
        fields: Which fields; `None` for all.
        lease: How long an account stays taken after its worker died.
    """

    every: timedelta
    look_back: timedelta
    since: datetime | None
    fields: list[str] | None
    lease: timedelta

    @classmethod
    def of(
        cls,
        *,
        every: timedelta,
        look_back: timedelta,
        since: datetime | None,
        fields: Iterable[VideoField | str] | None,
        lease: timedelta = _LEASE,
    ) -> "Plan":
        """Make a plan of what a caller gave.

        Raises:
            ConfigurationError: A span is not longer than nothing, or *since* is naive.
        """
        check_spans(every=every, look_back=look_back, lease=lease)
        if since is not None and since.utcoffset() is None:
            msg = "`since` must be timezone-aware, such as datetime(2026, 1, 1, tzinfo=UTC)."
            raise ConfigurationError(msg)
        # Without its time, a video could be neither new nor missing.
        wanted = None if fields is None else list(dict.fromkeys([*map(str, fields), str(VideoField.CREATE_TIME)]))
        return cls(every=every, look_back=look_back, since=since, fields=wanted, lease=lease)


def check_spans(**spans: timedelta) -> None:
    """Refuse spans that make no sense.

    Raises:
        ConfigurationError: One of them is not longer than nothing.
    """
    for name, span in spans.items():
        if span <= timedelta(0):
            msg = f"`{name}` is a span longer than nothing, not {span}."
            raise ConfigurationError(msg)


async def unlisted(account: Account, checkpoint: Checkpoint, plan: Plan) -> tuple[list[Video], tuple[str, ...]]:
    """Ask by id for the videos that a round did not bring: a listing may leave some out for a while.

    Returns:
        Those that exist all the same, and the ids of those that are gone.
    """
    lost = rules.missing(checkpoint, rules.start_of(checkpoint, plan.look_back, plan.since))
    if not lost:
        return [], ()
    found = await account.videos_by_id(lost, fields=plan.fields).collect()
    there = {video.id for video in found}
    return found, tuple(video_id for video_id in lost if video_id not in there)
