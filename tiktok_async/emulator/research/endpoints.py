"""The Research API: its quotas, and the video query.

Sources: https://developers.tiktok.com/doc/research-api-faq
https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

import random
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import orjson
from attrs import define, evolve

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.quirks import ResearchQuirks
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, Handler, RouteDef, route
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.research.data import ResearchData, Video
from tiktok_async.emulator.research.query import parse_query, parse_span
from tiktok_async.emulator.research.quota import Quota
from tiktok_async.emulator.research.wire import VIDEO_FIELDS, public_fields
from tiktok_async.models import Endpoint, Scope

PAGE: Final = range(1, 101)
"""The allowed values of `max_count`."""
_KEPT_SEARCHES: Final = 500
_NULL_IS_NONE: Final = ("cursor", "search_id")


@define(eq=False, slots=True)
class _Search:
    """A query that is read page by page; `None` in `rows` is a withheld video."""

    key: bytes
    rows: Sequence[Video | None]
    ends: float
    refusals: int


class Research:
    """The Research area.

    Attributes:
        quirks: The behaviour where TikTok's pages disagree; may be replaced at any time.
        data: The data set; may be replaced at any time.
        quota: The quota of all endpoints except followers and following.
        graph_quota: The quota of followers and following.
    """

    def __init__(self, state: State, quirks: ResearchQuirks, data: ResearchData) -> None:
        self.state = state
        self.quirks = quirks
        self.data = data
        self.quota: Quota = Quota(state.clock, quirks.requests_a_day)
        self.graph_quota: Quota = Quota(state.clock, quirks.graph_requests_a_day)
        self._searches: OrderedDict[str, _Search] = OrderedDict()
        self._count = 0

    def route(self, endpoint: Endpoint, handler: Handler, *, graph: bool = False, reads_body: bool = False) -> RouteDef:
        """Return the route of a Research endpoint; it needs a client token and uses one request of a quota."""
        quota = self.graph_quota if graph else self.quota

        async def answer(call: Call) -> Reply:
            if not quota.spend():
                return self.state.replies.error("daily_quota_limit_exceeded", "The daily quota is used up.", status=429)
            call.plain_text = self.quirks.plain_text_bodies
            try:
                return await handler(call)
            except BadField as wrong:
                return self.state.replies.error("invalid_params", str(wrong))

        # A request that fails on TikTok's side counts against the quota, too.
        return evolve(
            route(endpoint, answer, auth="client", scopes=(Scope.RESEARCH_DATA_BASIC,), reads_body=reads_body),
            on_fault=quota.spend,
        )

    def routes(self) -> list[RouteDef]:
        """Return the routes of this module; the other Research modules have their own."""
        return [self.route(Endpoint.RESEARCH_VIDEO_QUERY, self._video_query)]

    def asked(self, call: Call) -> dict[str, Any]:
        """Return the body of a call; with the quirk, a `cursor` or `search_id` that is null counts as absent."""
        body = call.json()
        if self.quirks.null_cursor == "refused":
            return body
        return {name: value for name, value in body.items() if value is not None or name not in _NULL_IS_NONE}

    def fields(self, call: Call, known: Sequence[str]) -> tuple[str, ...]:
        """Return the `fields` that a call requests.

        Raises:
            BadField: There are none, or one does not exist.
        """
        asked = tuple(name.strip() for name in call.query.get("fields", "").split(",") if name.strip())
        if not asked:
            raise BadField("`fields` is required")
        if self.state.quirks.unknown_fields == "error" and (unknown := [name for name in asked if name not in known]):
            raise BadField(f"unknown field {unknown[0]!r}")
        return asked

    def video(self, video: Video, fields: Sequence[str], *, sibling: bool = False) -> dict[str, Any]:
        """Return a video with those of the requested fields that it has."""
        whole = public_fields(video, sibling=sibling)
        wire = {name: whole[name] for name in fields if name in whole}
        if self.quirks.nul_in_text and "video_description" in wire:
            wire["video_description"] = f"{wire['video_description']}\0"
        if self.quirks.video_id_key == "video_id" and "id" in wire:
            wire["video_id"] = wire.pop("id")
        return wire

    async def _video_query(self, call: Call) -> Reply:
        body = self.asked(call)
        fields = self.fields(call, VIDEO_FIELDS)
        count = _body.integer(body, "max_count", within=PAGE) or self.quirks.default_count
        cursor = _body.integer(body, "cursor", within=range(2**63)) or 0
        search_id = _body.string(body, "search_id") or None
        if _body.boolean(body, "is_random"):
            return self._random_page(self._rows(body), fields, count)
        search_id, search = self._search(body, search_id, cursor)
        if cursor > len(search.rows):
            raise BadField("Invalid count or cursor")
        page = search.rows[cursor : cursor + count]
        after = cursor + len(page)
        return self.state.replies.ok(
            {
                "videos": [self.video(video, fields) for video in page if video is not None],
                "cursor": after,
                "has_more": after < len(search.rows),
                "search_id": search_id,
            }
        )

    def _search(self, body: dict[str, Any], search_id: str | None, cursor: int) -> tuple[str, _Search]:
        """Return a new search, or the search to continue.

        Raises:
            BadField: The query is wrong, or *search_id* does not belong to it.
        """
        key = orjson.dumps(
            {name: body.get(name) for name in ("query", "start_date", "end_date")}, option=orjson.OPT_SORT_KEYS
        )
        now = self.state.clock.monotonic()
        if search_id is not None:
            search = self._searches.get(search_id)
            if search is None or search.key != key or now >= search.ends or search.refusals > 0:
                if search is not None:
                    search.refusals -= 1
                raise BadField(f"Search Id {search_id} is invalid or expired")
            return search_id, search
        if cursor:
            raise BadField("Invalid count or cursor")
        rows = list(self._with_gaps(self._rows(body), key))
        ends = now + self.quirks.search_id_life.total_seconds()
        search = _Search(key, rows, ends, self.quirks.fresh_search_id_refusals)
        self._count += 1
        search_id = str((int(self.state.clock.timestamp()) << 32) | self._count)
        self._searches[search_id] = search
        if len(self._searches) > _KEPT_SEARCHES:
            self._searches.popitem(last=False)
        return search_id, search

    def _rows(self, body: dict[str, Any]) -> list[Video]:
        start, end = parse_span(body)
        query = parse_query(body.get("query"))
        if self.quirks.end_date == "exclusive":
            end -= timedelta(days=1)
        return [video for video in self.data.between(start, end) if query.matches(video)]

    def _random_page(self, rows: list[Video], fields: Sequence[str], count: int) -> Reply:
        self._count += 1
        rng = random.Random(f"random {self.data.seed} {self._count}")  # noqa: S311 - repeatable, not a secret
        page = rng.sample(rows, min(count, len(rows)))
        videos = [self.video(video, fields) for video in page]
        return self.state.replies.ok({"videos": videos, "cursor": len(videos), "has_more": False, "search_id": "0"})

    def _with_gaps(self, rows: list[Video], key: bytes) -> Sequence[Video | None]:
        """Return the rows with `None` for videos withheld by moderation, which make pages short or empty."""
        rng = random.Random(key)  # noqa: S311 - repeatable, not a secret
        gappy: list[Video | None] = []
        for index, video in enumerate(rows):
            if self.quirks.withheld and rng.random() < self.quirks.withheld:
                gappy.append(None)
            if self.quirks.empty_page_every and index and index % self.quirks.empty_page_every == 0:
                gappy += [None] * (2 * PAGE.stop)
            gappy.append(video)
        return gappy
