"""Comments, the replies to them, and playlists.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-video-comments
https://developers.tiktok.com/doc/research-api-specs-query-playlist-info
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from attrs import evolve

from tiktok_async._decoding.answers import read
from tiktok_async.api.pages import Pages, StallRetries, next_cursor
from tiktok_async.api.research.calls import MOST_A_PAGE, Listing, PageEnd, ResearchCalls, check_id, check_limit, wanted
from tiktok_async.api.research.rules.shapes import as_playlist
from tiktok_async.models import Endpoint, Page, Playlist, ResearchComment

__all__ = ["comments", "playlist", "replies"]

_COMMENT_FIELDS = (
    "id",
    "video_id",
    "text",
    "like_count",
    "reply_count",
    "parent_comment_id",
    "create_time",
    "display_name",
)
_PLAYLIST_FIELDS = (
    "playlist_id",
    "playlist_name",
    "playlist_item_total",
    "playlist_last_updated",
    "playlist_video_ids",
)


def comments(
    calls: ResearchCalls,
    video_id: str,
    *,
    fields: Iterable[str] | None,
    with_replies: bool,
    limit: int | None,
    cursor: int | None,
    wait_for_quota: bool,
) -> Pages[ResearchComment]:
    """List the comments on a video; see `Research.comments`."""
    check_limit(limit)
    always = ("id", "reply_count") if with_replies else ("id",)
    asked = wanted(fields, _COMMENT_FIELDS, *always)
    listing = _listing(calls, {"video_id": check_id("video_id", video_id)}, asked)
    if not with_replies:
        return listing.pages(ResearchComment, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota)

    async def walk() -> AsyncGenerator[Page[ResearchComment], None]:
        pages = listing.pages(ResearchComment, limit=None, cursor=cursor, wait_for_quota=wait_for_quota)
        left, begun = limit, cursor or 0
        async with aclosing(pages.pages()) as found:
            async for page in found:
                items = await _with_replies(page, left)
                # A page that the limit has cut must be requested again by a listing that continues from it.
                cut = left is not None and len(items) > left
                following = begun if cut else page.cursor
                yield evolve(page, items=tuple(items[:left]), cursor=following, has_more=following is not None)
                left = None if left is None else max(0, left - len(items))
                if left == 0:
                    return
                begun = page.cursor or 0

    async def _with_replies(page: Page[ResearchComment], left: int | None) -> list[ResearchComment]:
        items: list[ResearchComment] = []
        for comment in page.items:
            items.append(comment)
            if comment.reply_count and (left is None or len(items) < left):
                below = replies(calls, comment.id, fields=asked, limit=None, cursor=None, wait_for_quota=wait_for_quota)
                items += await below.collect()
        return items

    return Pages(walk)


def replies(
    calls: ResearchCalls,
    comment_id: str,
    *,
    fields: Iterable[str] | None,
    limit: int | None,
    cursor: int | None,
    wait_for_quota: bool,
) -> Pages[ResearchComment]:
    """List the replies to a comment; see `Research.replies`."""
    listing = _listing(calls, {"comment_id": check_id("comment_id", comment_id)}, wanted(fields, _COMMENT_FIELDS, "id"))
    return listing.pages(ResearchComment, limit=limit, cursor=cursor, wait_for_quota=wait_for_quota)


def _listing(calls: ResearchCalls, body: dict[str, int], fields: tuple[str, ...]) -> Listing:
    return Listing(calls=calls, endpoint=Endpoint.RESEARCH_COMMENT_LIST, body=body, keys=("comments",), fields=fields)


async def playlist(calls: ResearchCalls, playlist_id: str, *, wait_for_quota: bool) -> Playlist:
    """Return a playlist with all its videos; see `Research.playlist`."""
    endpoint = Endpoint.RESEARCH_PLAYLIST_INFO
    body: dict[str, int] = {"playlist_id": check_id("playlist_id", playlist_id), "max_count": MOST_A_PAGE}
    found: Playlist | None = None
    ids: dict[str, None] = {}
    stops = StallRetries(calls.clock, endpoint)
    while True:
        response = await calls.call(endpoint, body, fields=_PLAYLIST_FIELDS, wait_for_quota=wait_for_quota)
        data = as_playlist(response.data or {})
        page = read(response, data, Playlist, endpoint=endpoint)
        end = read(response, data, PageEnd, endpoint=endpoint)
        known = len(ids)
        ids |= dict.fromkeys(page.playlist_video_ids)
        found = found or page
        if not end.has_more or len(ids) == found.playlist_item_total:
            return evolve(found, playlist_video_ids=tuple(ids))
        following = next_cursor(body.get("cursor"), end.cursor, has_more=True)
        # The cursor sometimes does not work, so a page without new ids could repeat for ever.
        if following is not None and len(ids) > known:
            stops.moved()
        elif not await stops.ask_again():
            raise stops.error(response.log_id)
        if following is not None:
            body["cursor"] = following
