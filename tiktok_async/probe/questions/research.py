"""The Research API and Commercial Content, with the app's own token; their calls count against the day's quota.

Sources: https://developers.tiktok.com/doc/research-api-specs-query-videos and
https://developers.tiktok.com/doc/commercial-content-api-query-ads
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

import orjson

from tiktok_async.models import Endpoint, Scope
from tiktok_async.probe._asking import Asking
from tiktok_async.probe._question import Answer, Outcome, Question, Step, answered, undecided
from tiktok_async.probe._watch import Seen
from tiktok_async.probe.rules.words import MOST, Fact, code_word, digits_of, key_words, kind_word, status_word

_SAMPLE: Final = Step(Endpoint.RESEARCH_VIDEO_QUERY, 1, "sample")
_USERS: Final = 5
_MOST, _MOST_ADS = 100, 50
_FIELDS: Final = "id,video_description,create_time,username,playlist_id"
_UNITS: Final = {13: "ms", 10: "s"}
_SEVERAL_DAYS: Final = timedelta(days=5)
_AGO: Final = timedelta(days=45)


async def _query(asking: Asking, first: date, last: date, *, text: bool = False, **more: Any) -> Seen:  # noqa: ANN401 - any JSON
    condition = {"operation": "IN", "field_name": "region_code", "field_values": ["US", "FR", "DE", "GB", "BR"]}
    body = {
        "query": {"and": [condition]},
        "start_date": f"{first:%Y%m%d}",
        "end_date": f"{last:%Y%m%d}",
        **more,
    }
    return await asking.call(
        Endpoint.RESEARCH_VIDEO_QUERY,
        fields=_FIELDS,
        body=orjson.dumps(body),
        content_type="text/plain" if text else None,
    )


def _days(asking: Asking) -> tuple[date, date]:
    first = (asking.clock.now() - _AGO).date()
    return first, first + _SEVERAL_DAYS


async def _ask_sample(asking: Asking) -> Seen:
    return await _query(asking, *_days(asking), max_count=_MOST)


async def _sample(asking: Asking) -> Seen:
    return await asking.once("sample", _ask_sample)


def _rows(seen: Seen, key: str) -> list[dict[str, Any]]:
    rows = seen.data.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []  # pyright: ignore[reportUnknownVariableType] - JSON


def _facts(seen: Seen) -> dict[str, Fact]:
    return {"status": status_word(seen.status), "code": code_word(seen.code)}


def _unless_refused(seen: Seen) -> Answer | None:
    """Return the answer to give if *seen* is a refusal, else `None`."""
    if seen.ok:
        return None
    if seen.code == "scope_not_authorized":
        return Answer(outcome=Outcome.NOT_GRANTED, facts=_facts(seen))
    return undecided(**_facts(seen))


async def _end_date(asking: Asking) -> Answer:
    sample = await _sample(asking)
    if (nothing := _unless_refused(sample)) is not None or not _rows(sample, "videos"):
        return nothing or undecided()
    first, _ = _days(asking)
    one = await _query(asking, first, first, max_count=10)
    two = await _query(asking, first, first + timedelta(days=1), max_count=10)
    if not one.ok or not two.ok or not _rows(two, "videos"):
        return undecided(**_facts(one))
    return answered("inclusive" if _rows(one, "videos") else "exclusive", **_facts(one))


async def _default_count(asking: Asking) -> Answer:
    seen = await _query(asking, *_days(asking))
    if (nothing := _unless_refused(seen)) is not None:
        return nothing
    count = len(_rows(seen, "videos"))
    facts = _facts(seen) | {"items": min(count, MOST)}
    return answered({20: "20", 10: "10"}.get(count) if seen.data.get("has_more") is True else None, **facts)


def _taken(plain: Seen, other: Seen, taken: str, refused: str) -> Answer:
    nothing = _unless_refused(plain)
    if nothing is not None:
        return nothing
    wrong = not other.ok and other.code.startswith("invalid")
    return answered(taken if other.ok else refused if wrong else None, **_facts(other))


async def _plain_text(asking: Asking) -> Answer:
    sample = await _sample(asking)
    if (nothing := _unless_refused(sample)) is not None:
        return nothing
    return _taken(sample, await _query(asking, *_days(asking), text=True, max_count=1), "true", "false")


async def _null(asking: Asking) -> Answer:
    sample = await _sample(asking)
    if (nothing := _unless_refused(sample)) is not None:
        return nothing
    seen = await _query(asking, *_days(asking), max_count=1, cursor=None, search_id=None)
    return _taken(sample, seen, "absent", "refused")


async def _id_key(asking: Asking) -> Answer:
    sample = await _sample(asking)
    rows = _rows(sample, "videos")
    if (nothing := _unless_refused(sample)) is not None or not rows:
        return nothing or undecided()
    return answered("id" if "id" in rows[0] else "video_id" if "video_id" in rows[0] else None, **key_words(rows[0]))


async def _nul(asking: Asking) -> Answer:
    sample = await _sample(asking)
    texts = [row.get("video_description") for row in _rows(sample, "videos")]
    if (nothing := _unless_refused(sample)) is not None or not texts:
        return nothing or undecided()
    return answered("true" if any("\0" in str(text) for text in texts) else "false", items=len(texts))


async def _first_of(asking: Asking, endpoint: Endpoint, fields: str, keys: Iterable[str]) -> Answer | Seen:
    """Ask for the lists of some users until one has something in it."""
    sample = await _sample(asking)
    if (nothing := _unless_refused(sample)) is not None:
        return nothing
    names = dict.fromkeys(str(row.get("username")) for row in _rows(sample, "videos"))
    for name in list(names)[:_USERS]:
        seen = await asking.call(endpoint, fields=fields, json={"username": name, "max_count": 1})
        if any(_rows(seen, key) for key in keys):
            return seen
    return undecided()


async def _liked(asking: Asking) -> Answer:
    seen = await _first_of(asking, Endpoint.RESEARCH_LIKED_VIDEOS, "id", ["user_liked_videos"])
    if isinstance(seen, Answer):
        return seen
    digits = digits_of(seen.data.get("cursor"))
    return answered(_UNITS.get(digits), digits=digits)


async def _reposted(asking: Asking) -> Answer:
    keys = ("user_reposted_videos", "reposted_videos")
    seen = await _first_of(asking, Endpoint.RESEARCH_REPOSTED_VIDEOS, "id", keys)
    if isinstance(seen, Answer):
        return seen
    return answered(next((key for key in keys if _rows(seen, key)), None))


async def _playlist(asking: Asking) -> Answer:
    sample = await _sample(asking)
    if (nothing := _unless_refused(sample)) is not None:
        return nothing
    ids = [row["playlist_id"] for row in _rows(sample, "videos") if row.get("playlist_id")]
    if not ids:
        return undecided()
    seen = await asking.call(
        Endpoint.RESEARCH_PLAYLIST_INFO, fields="playlist_id,playlist_video_ids", json={"playlist_id": int(ids[0])}
    )
    if not seen.ok or not seen.data:
        return undecided(**_facts(seen))
    return answered({500: "true", 200: "false"}.get(seen.status), **_facts(seen))


async def _ask_shops(asking: Asking) -> Seen:
    return await asking.call(
        Endpoint.RESEARCH_SHOP, params={"fields": "shop_id,shop_name"}, json={"shop_name": "shop", "limit": 1}
    )


async def _shop_error(asking: Asking) -> Answer:
    seen = await asking.once("shops", _ask_shops)
    if (nothing := _unless_refused(seen)) is not None or not _rows(seen, "shop_data"):
        return nothing or undecided()
    return answered("true" if "error" in seen.object else "false", **key_words(seen.object))


async def _shop_id(asking: Asking) -> Answer:
    shops = await asking.once("shops", _ask_shops)
    rows = _rows(shops, "shop_data")
    if (nothing := _unless_refused(shops)) is not None or not rows:
        return nothing or undecided()
    body = {"shop_id": str(rows[0].get("shop_id")), "page_start": 1, "page_size": 1}
    seen = await asking.call(Endpoint.RESEARCH_SHOP_PRODUCTS, params={"fields": "product_id"}, json=body)
    return _taken(shops, seen, "accepted", "refused")


async def _ask_ads(asking: Asking) -> Seen:
    first, last = (asking.clock.now() - timedelta(days=365)).date(), asking.clock.now().date()
    dates = {"min": f"{first:%Y%m%d}", "max": f"{last:%Y%m%d}"}
    body = {"filters": {"ad_published_date_range": dates}, "search_term": "", "max_count": _MOST_ADS}
    return await asking.call(Endpoint.RESEARCH_ADLIB_AD_QUERY, fields="ad.id", json=body)


async def _ads_more(asking: Asking) -> Answer:
    seen = await asking.once("ads", _ask_ads)
    if (nothing := _unless_refused(seen)) is not None:
        return nothing
    kind = kind_word(seen.data.get("has_more"), absent="has_more" not in seen.data)
    return answered({"boolean": "boolean", "string": "text"}.get(kind), kind=kind)


async def _ads_page(asking: Asking) -> Answer:
    seen = await asking.once("ads", _ask_ads)
    if (nothing := _unless_refused(seen)) is not None:
        return nothing
    count = len(_rows(seen, "ads"))
    more = seen.data.get("has_more") in (True, "true")
    return answered({50: "50", 10: "10"}.get(count) if more else None, items=min(count, MOST))


def _question(**keywords: Any) -> Question:  # noqa: ANN401 - the keywords of Question
    given: dict[str, Any] = {"scopes": frozenset({Scope.RESEARCH_DATA_BASIC}), "steps": (_SAMPLE,), **keywords}
    return Question(whose="app", **given)


_SHOPS: Final = Step(Endpoint.RESEARCH_SHOP, 1, "shops")
_ADS: Final = {
    "scopes": frozenset({Scope.RESEARCH_ADLIB_BASIC}),
    "steps": (Step(Endpoint.RESEARCH_ADLIB_AD_QUERY, 1, "ads"),),
}

QUESTIONS: Final = (
    _question(
        id="research_end_date",
        asks="Research `end_date`",
        quirk="research.end_date",
        sides={"inclusive": "included", "exclusive": "not included"},
        assumed="inclusive",
        here="learned from the first answers for one window more, and more over long spans without videos; ids once",
        steps=(_SAMPLE, Step(Endpoint.RESEARCH_VIDEO_QUERY, 2)),
        ask=_end_date,
    ),
    _question(
        id="research_default_count",
        asks="Research `max_count`",
        quirk="research.default_count",
        sides={"20": "20 if left out", "10": "10 if left out"},
        assumed="20",
        here="always sent",
        steps=(Step(Endpoint.RESEARCH_VIDEO_QUERY),),
        ask=_default_count,
    ),
    _question(
        id="research_id_key",
        asks="The key of a Research video's id",
        quirk="research.video_id_key",
        sides={"id": "`id` (table)", "video_id": "`video_id` (example)"},
        assumed="id",
        here="both are read",
        ask=_id_key,
    ),
    _question(
        id="research_liked_cursor",
        asks="Cursor of liked videos",
        quirk="research.liked_cursor",
        sides={"s": "seconds", "ms": "milliseconds"},
        assumed="ms",
        here="handed back as it came",
        steps=(_SAMPLE, Step(Endpoint.RESEARCH_LIKED_VIDEOS, _USERS)),
        ask=_liked,
    ),
    _question(
        id="research_reposted_key",
        asks="List key of reposted videos",
        quirk="research.reposted_key",
        sides={"user_reposted_videos": "`user_reposted_videos`", "reposted_videos": "`reposted_videos`"},
        assumed="reposted_videos",
        here="both are read",
        steps=(_SAMPLE, Step(Endpoint.RESEARCH_REPOSTED_VIDEOS, _USERS)),
        ask=_reposted,
    ),
    _question(
        id="research_nulls",
        asks="`cursor` and `search_id` of Research that are null",
        quirk="research.null_cursor",
        sides={"refused": "optional", "absent": "sent by working clients"},
        assumed="absent",
        here="left out",
        steps=(_SAMPLE, Step(Endpoint.RESEARCH_VIDEO_QUERY)),
        ask=_null,
    ),
    _question(
        id="research_plain_text",
        asks="A Research body's content type",
        quirk="research.plain_text_bodies",
        sides={"false": "`application/json`", "true": "`text/plain` works"},
        assumed="true",
        here="`application/json`",
        steps=(_SAMPLE, Step(Endpoint.RESEARCH_VIDEO_QUERY)),
        ask=_plain_text,
    ),
    _question(
        id="research_nul_in_text",
        asks="NUL characters in Research texts",
        silent=True,
        quirk="research.nul_in_text",
        sides={"false": "none", "true": "they are seen"},
        assumed="false",
        here="kept",
        ask=_nul,
    ),
    _question(
        id="research_playlist_fails",
        asks="A playlist's good data",
        silent=True,
        quirk="research.playlist_fails",
        sides={"false": "with HTTP 200", "true": "with HTTP 500"},
        assumed="false",
        here="`ok` is believed for playlists, whatever the status",
        steps=(_SAMPLE, Step(Endpoint.RESEARCH_PLAYLIST_INFO)),
        ask=_playlist,
    ),
    _question(
        id="shop_error",
        asks="Does a shop answer have an `error`",
        quirk="research.shop_error",
        sides={"false": "not in the samples", "true": "as everywhere"},
        assumed="false",
        here="both are read",
        steps=(_SHOPS,),
        ask=_shop_error,
    ),
    _question(
        id="shop_id_as_text",
        asks="`shop_id`",
        quirk="research.shop_id_as_text",
        sides={"refused": "a number", "accepted": "a string works"},
        assumed="accepted",
        here="a number",
        steps=(_SHOPS, Step(Endpoint.RESEARCH_SHOP_PRODUCTS)),
        ask=_shop_id,
    ),
    _question(
        id="adlib_has_more",
        asks="`has_more` of Commercial Content",
        quirk="research.adlib_has_more",
        sides={"boolean": "a boolean (table)", "text": 'the string `"true"` (both examples)'},
        assumed="text",
        here="both are read",
        ask=_ads_more,
        **_ADS,
    ),
    _question(
        id="adlib_page",
        asks="A page of Commercial Content",
        quirk="research.adlib_page",
        sides={"50": "up to 50", "10": "10, whatever was asked for"},
        assumed="10",
        here="any size is read",
        ask=_ads_page,
        **_ADS,
    ),
)
