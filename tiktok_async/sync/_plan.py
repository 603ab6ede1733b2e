"""The settings of a round, checked once."""

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
    """The settings of a round.

    Attributes:
        every: How often an account is synced.
        look_back: How far back to look for changed and missing videos.
        since: Only videos posted since then; `None` for no bound.
        fields: Which fields; `None` for all.
        lease: How long an account stays leased after its worker died.
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
        """Make a plan from a caller's arguments.

        Raises:
            ConfigurationError: A duration is not greater than zero, or *since* is naive.
        """
        checks = Checks()
        spans = lengths(checks, every=every, look_back=look_back, lease=lease)
        began = checks.moment("since", since, now=now)
        checks.names("fields", fields)
        checks.refuse("The account cannot be synced")
        # Without create_time, nobody can tell whether a video is new or missing.
        wanted = None if fields is None else list(dict.fromkeys([*map(str, fields), str(VideoField.CREATE_TIME)]))
        return cls(every=spans[0], look_back=spans[1], since=began, fields=wanted, lease=spans[2])


def lengths(checks: Checks, **spans: Duration) -> list[timedelta]:
    """Return *spans* as timedeltas; *checks* collects those that are not greater than zero."""
    found = [checks.duration(name, span, positive=True) for name, span in spans.items()]
    return [timedelta(0) if span is None else span for span in found]


async def unlisted(account: Account, checkpoint: Checkpoint, plan: Plan) -> tuple[list[Video], tuple[str, ...]]:
    """Ask by id for the known videos that were not in the round's pages: a listing may omit some for a while.

    Returns:
        The videos that still exist, and the ids of those that are gone.
    """
    lost = rules.missing(checkpoint, rules.start_of(checkpoint, plan.look_back, plan.since))
    if not lost:
        return [], ()
    found = await account.videos_by_id(lost, fields=plan.fields).collect()
    there = {video.id for video in found}
    return found, tuple(video_id for video_id in lost if video_id not in there)
