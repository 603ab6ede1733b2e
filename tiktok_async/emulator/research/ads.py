"""The Commercial Content API: ads and advertisers of the EU. Research API access does not include it.

Source: https://developers.tiktok.com/doc/commercial-content-api-query-ads
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef, route
from tiktok_async.emulator.research.endpoints import Research
from tiktok_async.emulator.research.query import parse_date
from tiktok_async.models import Endpoint, Scope

_ADS: Final = 120
_FIRST_AD: Final = 1_700_000_000_000_000
_EPOCH: Final = date(2022, 10, 1)
_SHOWN_FROM: Final = date(2026, 1, 1)
_PAGE: Final = range(1, 51)
_DEFAULT: Final = 10
_LONGEST_TERM: Final = 50
_COUNTRIES: Final = ("FR", "DE", "IT", "ES")
_AD_FIELDS: Final = (
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
_DETAIL_FIELDS: Final = (
    *_AD_FIELDS,
    "advertiser.follower_count",
    "advertiser.avatar_url",
    "advertiser.profile_url",
    "ad_group.targeting_info",
)
_REPORT_FIELDS: Final = ("count_time_series_by_country",)
_ADVERTISER_FIELDS: Final = ("business_id", "business_name", "country_code")
_CONTENT_FIELDS: Final = ("id", "create_date", "create_timestamp", "creator", "label", "brand_names", "videos")
_TARGETING: Final = {"country": ["FR"], "gender": "all", "age": {"18-24": True}}


class Adlib:
    """The five endpoints, over 120 made-up ads of 12 advertisers."""

    def __init__(self, research: Research) -> None:
        self._research = research
        self._state = research.state
        self._searches: dict[str, int] = {}

    def routes(self) -> list[RouteDef]:
        """Return the routes of this module."""
        return [
            self._route(Endpoint.RESEARCH_ADLIB_AD_QUERY, self._ads),
            self._route(Endpoint.RESEARCH_ADLIB_AD_DETAIL, self._ad),
            self._route(Endpoint.RESEARCH_ADLIB_AD_REPORT, self._report),
            self._route(Endpoint.RESEARCH_ADLIB_ADVERTISER_QUERY, self._advertisers),
            self._route(Endpoint.RESEARCH_ADLIB_CONTENT_QUERY, self._contents),
        ]

    def _route(self, endpoint: Endpoint, handler: Callable[[Call], Awaitable[dict[str, Any]]]) -> RouteDef:
        async def answer(call: Call) -> Reply:
            replies = self._state.replies
            try:
                data = await handler(call)
            except BadField as wrong:
                extra = {"http_status_code": int(HTTPStatus.BAD_REQUEST)}
                return replies.error("invalid_params", str(wrong), extra=extra)
            return replies.ok(data, extra={"http_status_code": int(HTTPStatus.OK)})

        return route(endpoint, answer, auth="client", scopes=(Scope.RESEARCH_ADLIB_BASIC,))

    async def _ads(self, call: Call) -> dict[str, Any]:
        body, fields = call.json(), self._fields(call, _AD_FIELDS)
        first, last = _dates(_body.section(body, "filters"), "ad_published_date_range")
        term = _term(body).casefold()
        found = [
            _pick({"ad": _ad(number), "advertiser": _advertiser(number % 12)}, fields)
            for number in range(_ADS)
            if first <= _shown(number) <= last and term in f"emu advertiser {number % 12}"
        ]
        return self._page(body, "ads", found)

    async def _ad(self, call: Call) -> dict[str, Any]:
        number = (_body.integer(call.json(), "ad_id", required=True) or 0) - _FIRST_AD
        if number not in range(_ADS):
            raise BadField("cannot find the ad")
        group = {"targeting_info": _TARGETING}
        row = {"ad": _ad(number), "advertiser": _advertiser(number % 12), "ad_group": group}
        return _pick(row, self._fields(call, _DETAIL_FIELDS))

    async def _report(self, call: Call) -> dict[str, Any]:
        first, last = _dates(_body.section(call.json(), "filters"), "ad_published_date_range")
        if self._fields(call, _REPORT_FIELDS) != ("count_time_series_by_country",):
            raise BadField("`fields` must be count_time_series_by_country")
        days = [first + timedelta(days=day) for day in range(min((last - first).days + 1, 366))]
        series = [
            {"date": f"{day:%Y%m%d}", "count": sum(_shown(number) == day for number in range(_ADS))} for day in days
        ]
        return {"count_time_series_by_country": {"FR": series}}

    async def _advertisers(self, call: Call) -> dict[str, Any]:
        body = call.json()
        term, fields = _term(body, required=True).casefold(), self._fields(call, _ADVERTISER_FIELDS)
        found = [_advertiser(number) for number in range(12) if term in f"emu advertiser {number}"]
        rows = [{name: row[name] for name in fields if name in row} for row in found]
        return {"advertisers": rows[: _body.integer(body, "max_count", within=_PAGE) or _DEFAULT]}

    async def _contents(self, call: Call) -> dict[str, Any]:
        body, fields = call.json(), self._fields(call, _CONTENT_FIELDS)
        filters = _body.section(body, "filters")
        first, last = _dates(filters, "content_published_date_range")
        names = _body.strings(filters, "creator_usernames", required=False)
        found = [
            {field: value for field, value in _content(number, name).items() if field in fields}
            for number in range(_ADS)
            if first <= _shown(number) <= last and (name := f"emu_user_{number % 12:04d}") in (names or [name])
        ]
        return self._page(body, "commercial_contents", found)

    def _page(self, body: Mapping[str, Any], key: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        quirks = self._research.quirks
        count = min(_body.integer(body, "max_count", within=_PAGE) or _DEFAULT, quirks.adlib_page)
        search_id = _body.string(body, "search_id")
        if search_id is not None and search_id not in self._searches:
            raise BadField(f"Search Id {search_id} is invalid or expired")
        if search_id is None:
            search_id = str(len(self._searches) + 1)
        start = self._searches.get(search_id, 0)
        self._searches[search_id] = start + count
        more = start + count < len(rows)
        # TikTok's two examples have a string, the table has a boolean.
        has_more = more if quirks.adlib_has_more == "boolean" else str(more).lower()
        return {key: rows[start : start + count], "has_more": has_more, "search_id": search_id}

    def _fields(self, call: Call, known: Sequence[str]) -> tuple[str, ...]:
        return self._research.fields(call, known)


def _dates(filters: Mapping[str, Any], name: str) -> tuple[date, date]:
    span = _body.section(filters, name)
    first = parse_date(f"{name}.min", _body.string(span, "min", required=True) or "")
    last = parse_date(f"{name}.max", _body.string(span, "max", required=True) or "")
    if not _EPOCH <= first <= last:
        raise BadField(f"{name} must be in order and from {_EPOCH:%Y%m%d} on")
    return first, last


def _term(body: Mapping[str, Any], *, required: bool = False) -> str:
    term = _body.string(body, "search_term", required=required) or ""
    if len(term) > _LONGEST_TERM:
        raise BadField(f"`search_term` has more than {_LONGEST_TERM} characters")
    if body.get("search_type", "exact_phrase") not in ("exact_phrase", "fuzzy_phrase"):
        raise BadField("`search_type` must be exact_phrase or fuzzy_phrase")
    return term


def _pick(row: dict[str, dict[str, Any]], fields: tuple[str, ...]) -> dict[str, Any]:
    """Return only the dotted *fields* of *row*, such as `ad.id`."""
    found: dict[str, dict[str, Any]] = {}
    for field in fields:
        part, _, name = field.partition(".")
        if name in row.get(part, {}):
            found.setdefault(part, {})[name] = row[part][name]
    return found


def _shown(number: int) -> date:
    return _SHOWN_FROM + timedelta(days=number)


def _ad(number: int) -> dict[str, Any]:
    return {
        "id": _FIRST_AD + number,
        "first_shown_date": f"{_shown(number):%Y%m%d}",
        "last_shown_date": f"{_shown(number + 5):%Y%m%d}",
        "status": "active",
        "videos": [{"url": f"https://cdn.example/ad/{number}.mp4"}],
        "reach": {"unique_users_seen": f"{number}K"},
        "image_urls": [f"https://cdn.example/ad/{number}.jpeg"],
        "status_statement": "",
    }


def _advertiser(number: int) -> dict[str, Any]:
    return {
        "business_id": 3_000_000 + number,
        "business_name": f"Emu Advertiser {number}",
        "country_code": _COUNTRIES[number % len(_COUNTRIES)],
        "paid_for_by": f"Emu Advertiser {number} Ltd",
        "follower_count": number * 31,
        "avatar_url": f"https://cdn.example/advertiser/{number}.jpeg",
        "profile_url": f"https://www.tiktok.com/@emu_advertiser_{number}",
    }


def _content(number: int, name: str) -> dict[str, Any]:
    day = _shown(number)
    return {
        "id": str(_FIRST_AD + number),
        "create_date": f"{day:%Y%m%d}",
        "create_timestamp": int(datetime.combine(day, time(), UTC).timestamp()),
        "creator": {"username": name},
        "label": "Paid partnership" if number % 2 else "Promotional content",
        "brand_names": [f"Emu Brand {number % 7}"],
        "videos": [{"url": f"https://cdn.example/content/{number}.mp4"}],
    }
