"""Covers end after six hours: asking for them again before they do.

Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-object
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from datetime import timedelta

from tiktok_async.abc import Clock
from tiktok_async.api.account import Account
from tiktok_async.models import Video, VideoField
from tiktok_async.models._arguments import checked
from tiktok_async.models._checks import Checks, Duration
from tiktok_async.session import TikTokSession
from tiktok_async.sync._plan import lengths

_FIELDS = (VideoField.ID, VideoField.COVER_IMAGE_URL)
_WITHIN = timedelta(hours=1)


@checked("The covers cannot be renewed")
async def refresh_covers(
    session: TikTokSession,
    account: Account | str,
    covers: Iterable[Video] | AsyncIterable[Video],
    *,
    within: Duration = _WITHIN,
    fields: Iterable[VideoField | str] = _FIELDS,
) -> AsyncIterator[Video]:
    """Yield an account's videos anew whose cover ends soon, 20 a request.

    Args:
        session: The session.
        account: Whose videos: an account or an open_id.
        covers: What is stored, from any iterable: videos of which only `id` and `cover_image_url` matter. Those
            whose cover lives longer are left out, those that do not say how long theirs lives are not.
        within: How far ahead to look; also what has ended already is asked for.
        fields: Which fields to ask for; by default the id and the cover.

    Yields:
        The videos with their new covers. One that is not there any more is left out.

    Raises:
        ConfigurationError: An argument cannot be right.
        TikTokError: What a request raised; the videos before it were yielded.

    Example:
        >>> async def renew(session, table, open_id):
        ...     async for video in refresh_covers(session, open_id, await table.covers(open_id)):
        ...         await table.set_cover(open_id, video)
    """
    checks = Checks()
    (ahead,) = lengths(checks, within=within)
    checks.refuse("The covers cannot be renewed")
    whose = session.account(account) if isinstance(account, str) else account
    wanted = _ending(covers, session.clock, ahead)
    async for video in whose.videos_by_id(wanted, fields=fields):
        yield video


async def _ending(
    covers: Iterable[Video] | AsyncIterable[Video], clock: Clock, within: timedelta
) -> AsyncIterator[str]:
    if isinstance(covers, AsyncIterable):
        async for video in covers:
            if _ends(video, clock, within):
                yield video.id
    else:
        for video in covers:
            if _ends(video, clock, within):
                yield video.id


def _ends(video: Video, clock: Clock, within: timedelta) -> bool:
    ends = video.cover_expires_at
    return ends is None or ends <= clock.now() + within
