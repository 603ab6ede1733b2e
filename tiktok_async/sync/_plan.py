"""What a round is to do, checked once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import frozen

from tiktok_async.api.account import Account
from tiktok_async.errors import ReauthorizationRequired, ScopeNotAuthorized, ScopeNotGranted
from tiktok_async.models import Checkpoint, Video, VideoField
from tiktok_async.models._checks import Checks, Duration, Moment
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
        every: Duration,
        look_back: Duration,
        since: Moment | None,
        fields: Iterable[VideoField | str] | None,
        lease: Duration = _LEASE,
        now: datetime,
    ) -> "Plan":
        """Make a plan of what a caller gave.

        Raises:
            ConfigurationError: A span is not longer than nothing, or *since* is naive.
        """
        checks = Checks()
        spans = lengths(checks, every=every, look_back=look_back, lease=lease)
        began = checks.moment("since", since, now=now)
        checks.names("fields", fields)
        checks.refuse("The account cannot be synced")
        # Without its time, a video could be neither new nor missing.
        wanted = None if fields is None else list(dict.fromkeys([*map(str, fields), str(VideoField.CREATE_TIME)]))
        return cls(every=spans[0], look_back=spans[1], since=began, fields=wanted, lease=spans[2])


def lengths(checks: Checks, **spans: Duration) -> list[timedelta]:
    """Return *spans* as timedeltas; *checks* gets those that are not longer than nothing."""
    found = [checks.duration(name, span, positive=True) for name, span in spans.items()]
    return [timedelta(0) if span is None else span for span in found]


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
