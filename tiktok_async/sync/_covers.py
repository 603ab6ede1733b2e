"""Cover URLs expire after six hours: ask for new ones before that.

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


@checked("The covers cannot be refreshed")
async def refresh_covers(
    session: TikTokSession,
    account: Account | str,
    covers: Iterable[Video] | AsyncIterable[Video],
    *,
    within: Duration = _WITHIN,
    fields: Iterable[VideoField | str] = _FIELDS,
) -> AsyncIterator[Video]:
    """Ask again for the videos whose cover expires soon, 20 in a request, and yield them.

    Args:
        session: The session.
        account: Whose videos: an account or an open_id.
        covers: The stored videos, from any iterable; only `id` and `cover_image_url` are used. A video whose cover
            expires later is left out. A video whose cover does not say when it expires is asked for.
        within: How far ahead to look. Covers that have already expired are asked for, too.
        fields: Which fields to ask for; by default the id and the cover.

    Yields:
        The videos with their new covers. A video that no longer exists is left out.

    Raises:
        ConfigurationError: An argument is not valid.
        TikTokError: From a request; the videos of earlier requests were already yielded.

    Example:
        >>> async def refresh(session, table, open_id):
        ...     async for video in refresh_covers(session, open_id, await table.covers(open_id)):
        ...         await table.set_cover(open_id, video)
    """
    checks = Checks()
    (ahead,) = lengths(checks, within=within)
    checks.refuse("The covers cannot be refreshed")
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
