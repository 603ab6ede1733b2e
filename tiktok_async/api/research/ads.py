"""The Commercial Content API: ads shown in the EEA, the UK and Switzerland, and paid content of the EEA.

It has a scope of its own and covers ads published from 2022-10-01 on. A page holds ten items, whatever `max_count`
says, and about 500 requests for ad details are answered a day.

TikTok documents the answers only by dotted field names, and differently on each page. So items are JSON objects as
TikTok sends them.

Source: https://developers.tiktok.com/doc/commercial-content-api-query-ads
"""

from collections.abc import AsyncGenerator, Iterable, Mapping
from datetime import date
from typing import Any

from attrs import frozen

from tiktok_async._decoding.answers import read
from tiktok_async.api.pages import Pages, StallRetries
from tiktok_async.api.research.calls import ResearchCalls, check_id, check_limit, object_of, wanted
from tiktok_async.api.research.rules.shapes import listed
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Endpoint, Page
from tiktok_async.models._arguments import checked
from tiktok_async.models._wire import identifier

__all__ = ["Ads"]

_MOST_A_PAGE = 50
_LONGEST_TERM = 50
_AD_FIELDS = (
    "ad.id",
    "ad.first_shown_date",
    "ad.last_shown_date",
    "ad.status",
    "ad.status_statement",
    "ad.videos",
    "ad.image_urls",
    "ad.reach",
    "advertiser.business_id",
    "advertiser.business_name",
    "advertiser.paid_for_by",
)
_DETAIL_FIELDS = (
    *_AD_FIELDS,
    "advertiser.follower_count",
    "advertiser.avatar_url",
    "advertiser.profile_url",
    "ad_group.targeting_info",
)
_ADVERTISER_FIELDS = ("business_id", "business_name", "country_code")
_CONTENT_FIELDS = ("id", "create_date", "create_timestamp", "creator", "label", "brand_names", "videos")

Item = Mapping[str, Any]
"""One object of an answer, as TikTok sent it."""


@frozen(kw_only=True)
class _End:
    has_more: bool = False
    search_id: str | None = identifier(default=None)


class Ads:
    """Ads and paid content: `session.research.ads`. Needs the scope `research.adlib.basic`."""

    def __init__(self, calls: ResearchCalls) -> None:
        self._calls = calls

    @checked("Nothing can be searched for")
    def query(
        self,
        *,
        start: date,
        end: date,
        filters: Mapping[str, Any] | None = None,
        search_term: str | None = None,
        fuzzy: bool = False,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
    ) -> Pages[Item]:
        """Search ads that were published from *start* to *end*.

        Args:
            start: The first day, from 2022-10-01 on.
            end: The last day.
            filters: Further filters of TikTok, such as `{"country_code": "FR"}`.
            search_term: At most 50 characters.
            fuzzy: Whether similar words match the term, too.
            fields: Dotted names, such as `ad.id`; `None` for every documented one.
            limit: The most ads to yield; `None` for all.

        Raises:
            ConfigurationError: An argument is invalid.

        Source: https://developers.tiktok.com/doc/commercial-content-api-query-ads
        """
        body: dict[str, Any] = {"filters": {**(filters or {}), "ad_published_date_range": _span(start, end)}}
        if search_term is not None:
            body |= {
                "search_term": _term(search_term),
                "search_type": "fuzzy_phrase" if fuzzy else "exact_phrase",
            }
        return self._pages(Endpoint.RESEARCH_ADLIB_AD_QUERY, body, wanted(fields, _AD_FIELDS), ("ads",), limit)

    @checked("Nothing can be searched for")
    async def ad(self, ad_id: str, *, fields: Iterable[str] | None = None) -> Item:
        """Return one ad.

        Source: https://developers.tiktok.com/doc/commercial-content-api-get-ad-details
        """
        endpoint = Endpoint.RESEARCH_ADLIB_AD_DETAIL
        body = {"ad_id": check_id("ad_id", ad_id)}
        response = await self._calls.call(endpoint, body, fields=wanted(fields, _DETAIL_FIELDS))
        return read(response, object_of(response), dict[str, Any], endpoint=endpoint)

    @checked("Nothing can be searched for")
    async def report(self, *, start: date, end: date, filters: Mapping[str, Any] | None = None) -> Item:
        """Return how many ads were published on each day, by country.

        Source: https://developers.tiktok.com/doc/commercial-content-api-get-ad-report
        """
        endpoint = Endpoint.RESEARCH_ADLIB_AD_REPORT
        body = {"filters": {**(filters or {}), "ad_published_date_range": _span(start, end)}}
        response = await self._calls.call(endpoint, body, fields=("count_time_series_by_country",))
        return read(response, object_of(response), dict[str, Any], endpoint=endpoint)

    @checked("Nothing can be searched for")
    async def advertisers(
        self, search_term: str, *, fields: Iterable[str] | None = None, limit: int = _MOST_A_PAGE
    ) -> tuple[Item, ...]:
        """Return advertisers by name, at most 50.

        Source: https://developers.tiktok.com/doc/commercial-content-api-query-advertisers
        """
        if not 1 <= limit <= _MOST_A_PAGE:
            raise ConfigurationError(f"limit is 1 to {_MOST_A_PAGE}: TikTok has no second page of advertisers.")
        endpoint = Endpoint.RESEARCH_ADLIB_ADVERTISER_QUERY
        body = {"search_term": _term(search_term), "max_count": limit}
        response = await self._calls.call(endpoint, body, fields=wanted(fields, _ADVERTISER_FIELDS))
        return tuple(
            read(response, one, dict[str, Any], endpoint=endpoint) for one in listed(response.data, "advertisers")
        )

    @checked("Nothing can be searched for")
    def contents(
        self,
        *,
        start: date,
        end: date,
        filters: Mapping[str, Any] | None = None,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
    ) -> Pages[Item]:
        """Search videos of the EEA that were marked as paid content.

        Source: https://developers.tiktok.com/doc/commercial-content-api-query-commercial-content
        """
        body = {"filters": {**(filters or {}), "content_published_date_range": _span(start, end)}}
        keys = ("commercial_contents", "contents", "videos")
        return self._pages(Endpoint.RESEARCH_ADLIB_CONTENT_QUERY, body, wanted(fields, _CONTENT_FIELDS), keys, limit)

    def _pages(
        self,
        endpoint: Endpoint,
        body: Mapping[str, Any],
        fields: tuple[str, ...],
        keys: tuple[str, ...],
        limit: int | None,
    ) -> Pages[Item]:
        check_limit(limit)

        async def walk() -> AsyncGenerator[Page[Item], None]:
            search_id: str | None = None
            left, stops = limit, StallRetries(self._calls.clock, endpoint)
            while True:
                asked = {**body, "max_count": _MOST_A_PAGE if left is None else min(_MOST_A_PAGE, left)}
                if search_id is not None:
                    asked["search_id"] = search_id
                response = await self._calls.call(endpoint, asked, fields=fields)
                end = read(response, object_of(response), _End, endpoint=endpoint)
                raw = listed(response.data, *keys)
                items = tuple(read(response, one, dict[str, Any], endpoint=endpoint) for one in raw)
                enough = left is not None and len(items) >= left
                # Pages have no cursor, only the id of their search, so an empty page could repeat for ever.
                stopped = end.has_more and (end.search_id is None or not items)
                if stopped and not enough and await stops.ask_again():
                    search_id = end.search_id or search_id
                    continue
                stops.moved()
                items = items if left is None else items[:left]
                left = None if left is None else left - len(items)
                yield Page(items=items, has_more=end.has_more, log_id=response.log_id)
                search_id = end.search_id
                if enough or not end.has_more:
                    return
                if stopped:
                    raise stops.error(response.log_id)

        return Pages(walk)


def _span(start: date, end: date) -> dict[str, str]:
    if end < start:
        raise ConfigurationError(f"`end` ({end}) is before `start` ({start}).")
    return {"min": _digits(start), "max": _digits(end)}


def _digits(day: date) -> str:
    return day.isoformat()[:10].replace("-", "")


def _term(term: str) -> str:
    if not term.strip() or len(term) > _LONGEST_TERM:
        raise ConfigurationError(f"A search term has 1 to {_LONGEST_TERM} characters.")
    return term
