"""Listing the videos that a query finds.

Source: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

from collections.abc import AsyncGenerator, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from attrs import define, evolve, field, frozen

from tiktok_async._decoding.answers import read
from tiktok_async.api.pages import Pages, StallRetries, next_cursor
from tiktok_async.api.research.calls import MOST_A_PAGE, ResearchCalls, check_limit, object_of, wanted
from tiktok_async.api.research.rules.position import ResearchPosition
from tiktok_async.api.research.rules.shapes import as_video, listed
from tiktok_async.errors import ConfigurationError, InvalidParams
from tiktok_async.models import Endpoint, Page, ResearchVideo
from tiktok_async.models._http import Response
from tiktok_async.models._wire import identifier
from tiktok_async.query import Condition, Query

__all__ = ["ALL_FIELDS", "videos"]

_NAMES = (
    "id video_description create_time region_code share_count view_count like_count comment_count music_id "
    "hashtag_names username effect_ids playlist_id voice_to_text is_stem_verified favorites_count video_duration "
    "hashtag_info_list sticker_info_list effect_info_list video_mention_list video_label video_tag"
)
ALL_FIELDS = tuple(_NAMES.split())
"""Every field of a video that a query may ask for."""

# Seconds to wait before a search that TikTok does not know yet is requested again; after that it is begun again.
_PATIENCE = (1.0, 2.0, 4.0)
# The number of searches in a row that may be lost without a page between them.
_LOST_SEARCHES = 3


def videos(
    calls: ResearchCalls,
    query: Query | Condition | str | Mapping[str, Any],
    *,
    start: date,
    end: date,
    fields: Iterable[str] | None,
    limit: int | None,
    is_random: bool,
    checkpoint: str | None,
    wait_for_quota: bool,
) -> Pages[ResearchVideo]:
    """List the videos; see `Research.videos`."""
    check_limit(limit)
    if isinstance(query, Condition):
        query = Query.all(query)
    body = (query if isinstance(query, Query) else Query.from_json(query)).body()
    first, last = _day("start", start), _day("end", end)
    named = fields if fields is None or isinstance(fields, str) else tuple(map(str, fields))
    # The position needs the times, even if the caller did not ask for them.
    asked = wanted(named, ALL_FIELDS, "id", "create_time")
    keep_time = named is None or "create_time" in named
    if checkpoint is None:
        begun = ResearchPosition.begin(body, first, last, is_random=is_random, today=calls.clock.now().date())
    else:
        begun = ResearchPosition.from_json(checkpoint, body, first, last, is_random=is_random)
    search = _Search(calls, body, asked, is_random=is_random, wait_for_quota=wait_for_quota)

    async def walk() -> AsyncGenerator[Page[ResearchVideo], None]:
        at, left = begun, limit
        while not at.done and left != 0:
            found, at, log_id, stopped = await search.page(at, MOST_A_PAGE if left is None else min(MOST_A_PAGE, left))
            if left is not None:
                left -= len(found)
            items = found if keep_time else tuple(evolve(video, create_time=None) for video in found)
            yield Page(items=items, has_more=not at.done, log_id=log_id, checkpoint=at.to_json())
            if stopped and left != 0:
                raise search.stops.error(log_id)

    return Pages(walk)


@frozen(kw_only=True)
class _VideoList:
    videos: tuple[ResearchVideo, ...] = ()
    cursor: int | None = None
    has_more: bool = False
    search_id: str | None = identifier(default=None)


class _Found(NamedTuple):
    """The result of one page.

    Attributes:
        videos: The new ones.
        after: The position after it.
        log_id: TikTok's id of the call.
        stopped: Whether TikTok says that there is more, but gives no new cursor.
    """

    videos: tuple[ResearchVideo, ...]
    after: ResearchPosition
    log_id: str | None
    stopped: bool


@define(slots=True, eq=False)
class _Search:
    """Requests one page after the other, and again if TikTok has lost the search.

    Attributes:
        own: Whether it has received a page itself: for the search of an old checkpoint it does not wait long.
        lost: The number of searches lost since the last new video.
    """

    calls: ResearchCalls
    query: Mapping[str, Any]
    fields: tuple[str, ...]
    is_random: bool = field(kw_only=True)
    wait_for_quota: bool = field(kw_only=True)
    own: bool = field(default=False, init=False)
    lost: int = field(default=0, init=False)
    stops: StallRetries = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stops = StallRetries(self.calls.clock, Endpoint.RESEARCH_VIDEO_QUERY)

    async def page(self, at: ResearchPosition, count: int) -> _Found:
        """Return the result of the next page.

        Raises:
            InvalidParams: TikTok refuses the query, or loses several searches in a row.
            TikTokError: From the call.
        """
        patience = iter(_PATIENCE if self.own else _PATIENCE[:1])
        while True:
            try:
                found = self._read(await self._ask(at, count), at)
            except InvalidParams as error:
                if at.cursor is None or not _is_lost(error):
                    raise
                wait = next(patience, None)
                if wait is None:
                    self.lost += 1
                    if self.lost > _LOST_SEARCHES:
                        raise
                    at, wait = at.lost(), 0.0
            else:
                self.own = True
                self.lost = 0 if found.videos else self.lost
                if found.stopped and await self.stops.ask_again():
                    continue
                if not found.stopped:
                    self.stops.moved()
                return found
            await self.calls.clock.sleep(wait)

    async def _ask(self, at: ResearchPosition, count: int) -> Response:
        body = at.request(self.query, count, is_random=self.is_random)
        return await self.calls.call(
            Endpoint.RESEARCH_VIDEO_QUERY, body, fields=self.fields, wait_for_quota=self.wait_for_quota
        )

    def _read(self, response: Response, at: ResearchPosition) -> _Found:
        whole = read(response, object_of(response), dict[str, Any], endpoint=Endpoint.RESEARCH_VIDEO_QUERY)
        data = {**whole, "videos": [as_video(one) for one in listed(whole, "videos")]}
        batch = read(response, data, _VideoList, endpoint=Endpoint.RESEARCH_VIDEO_QUERY)
        seen = [(video.id, video.create_time) for video in batch.videos]
        found = tuple(batch.videos[place] for place in at.wanted(seen))
        # A random page is a sample, so no page follows it.
        more = batch.has_more and not self.is_random
        cursor = next_cursor(at.cursor, batch.cursor, has_more=more)
        stopped = more and cursor is None
        # The checkpoint of a page without a new cursor requests that page again: its cursor is an index, from 0.
        behind = at.cursor or 0 if stopped else cursor
        return _Found(found, at.after(seen, cursor=behind, search_id=batch.search_id), response.log_id, stopped)


def _is_lost(error: InvalidParams) -> bool:
    """Whether TikTok does not know a search that it has begun: it may be too new, too old, or lost.

    Researchers have seen a `search_id` refused just after it was given, and `Invalid count or cursor` in the middle of
    a listing.
    """
    text = error.message.casefold()
    return ("search id" in text and "invalid or expired" in text) or "invalid count or cursor" in text


def _day(name: str, value: date) -> date:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ConfigurationError(f"`{name}` must be a date, or a timezone-aware datetime, whose UTC day is used.")
        return value.astimezone(UTC).date()
    if not isinstance(value, date):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise ConfigurationError(f"`{name}` must be a date, such as date(2026, 1, 31), not {value!r}.")
    return value
