"""The video query over HTTP: pages, search ids, quota, and every quirk of the listing."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from tests.emulator.conftest import Answer, Raw
from tiktok_async.emulator import Emulator, ResearchData
from tiktok_async.emulator.research.wire import VIDEO_FIELDS, public_fields
from tiktok_async.models import Endpoint

BODY: dict[str, Any] = {
    "query": {"and": [{"operation": "IN", "field_name": "region_code", "field_values": ["US", "FR", "DE"]}]},
    "start_date": "20260801",
    "end_date": "20260831",
    "max_count": 100,
}
Ask = Callable[..., Awaitable[Answer]]


async def client_token(raw: Raw) -> str:
    return str((await raw.form(Endpoint.TOKEN, grant_type="client_credentials")).data["access_token"])


@pytest.fixture
async def ask(raw: Raw) -> Ask:
    token = await client_token(raw)

    async def query(fields: str = "id", **changes: Any) -> Answer:
        body = {name: value for name, value in {**BODY, **changes}.items() if value is not None}
        return await raw.call(Endpoint.RESEARCH_VIDEO_QUERY, token, json=body, fields=fields)

    return query


def change(emulator: Emulator, **quirks: Any) -> None:
    emulator.research.quirks = evolve(emulator.research.quirks, **quirks)


async def all_ids(ask: Ask, **changes: Any) -> list[int]:
    """Return the ids of all pages in one list."""
    return [video_id for page in await walk(ask, **changes) for video_id in page]


async def walk(ask: Ask, **changes: Any) -> list[list[int]]:
    """Return one list of ids for each page."""
    pages: list[list[int]] = []
    more: dict[str, Any] = {}
    while True:
        answer = await ask(**changes, **more)
        assert answer.code == "ok", answer.data
        data = answer.data["data"]
        pages.append([video["id"] for video in data["videos"]])
        if not data["has_more"]:
            return pages
        more = {"cursor": data["cursor"], "search_id": data["search_id"]}


def expected(emulator: Emulator, last: str = "20260831") -> list[int]:
    return [
        video.id
        for video in emulator.research.data.all
        if video.region_code in ("US", "FR", "DE") and "20260801" <= f"{video.day:%Y%m%d}" <= last
    ]


async def test_a_listing_finds_every_video_once_with_the_highest_id_first(raw: Raw, ask: Ask) -> None:
    pages = await walk(ask)
    assert [len(page) for page in pages[:-1]] == [100] * (len(pages) - 1)
    assert [video_id for page in pages for video_id in page] == expected(raw.emulator)


async def test_a_page_has_the_documented_shape(ask: Ask) -> None:
    answer = await ask(fields="id,create_time,username,region_code,video_description,music_id,hashtag_names,like_count")
    assert set(answer.data["data"]) == {"videos", "cursor", "has_more", "search_id"}
    assert answer.data["data"]["cursor"] == 100
    assert isinstance(answer.data["data"]["search_id"], str)
    video = answer.data["data"]["videos"][0]
    assert {name: type(value) for name, value in video.items() if name != "hashtag_names"} == {
        "id": int,
        "create_time": int,
        "username": str,
        "region_code": str,
        "video_description": str,
        "music_id": int,
        "like_count": int,
    }


def test_every_documented_field_appears_in_the_data_set() -> None:
    seen: dict[str, Any] = {}
    for video in ResearchData().all:
        seen.update(public_fields(video))
    assert set(seen) == set(VIDEO_FIELDS)
    tags = [public_fields(video).get("video_tag") for video in ResearchData().all]
    assert {(tag["type"], tag["number"]) for tag in tags if tag} == {
        ("AIGC", 1),
        ("AIGC", 2),
        ("Branded", 1),
        ("Branded", 7),
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": None}, "the body must be a JSON object"),
        ({"query": {}}, "at least one"),
        ({"start_date": None}, "`start_date` is required"),
        ({"end_date": "20260901"}, "more than 30 days"),
        ({"max_count": 101}, "`max_count` must be between 1 and 100"),
        ({"max_count": 0}, "`max_count` must be between 1 and 100"),
        ({"max_count": "100"}, "`max_count` must be an integer"),
        ({"cursor": 100}, "Invalid count or cursor"),
        ({"search_id": "7378809778820092971"}, "Search Id 7378809778820092971 is invalid or expired"),
        ({"search_id": 7378809778820092971}, "`search_id` must be a string"),
        ({"is_random": "true"}, "`is_random` must be true or false"),
        ({"fields": ""}, "`fields` is required"),
        ({"fields": "id,title"}, "unknown field 'title'"),
    ],
)
async def test_a_wrong_request_is_refused_with_its_reason(ask: Ask, changes: dict[str, Any], message: str) -> None:
    answer = await ask(**changes)
    assert (answer.status, answer.code) == (400, "invalid_params")
    assert message in answer.data["error"]["message"]


async def test_a_page_without_max_count_holds_twenty_or_ten(raw: Raw, ask: Ask) -> None:
    assert len((await ask(max_count=None)).data["data"]["videos"]) == 20
    change(raw.emulator, default_count=10)
    assert len((await ask(max_count=None)).data["data"]["videos"]) == 10


async def test_the_end_date_may_be_exclusive(raw: Raw, ask: Ask) -> None:
    change(raw.emulator, end_date="exclusive")
    assert await all_ids(ask) == expected(raw.emulator, "20260830")


async def test_pages_may_be_short_or_empty_and_no_video_is_missing(raw: Raw, ask: Ask) -> None:
    change(raw.emulator, withheld=0.2, empty_page_every=150)
    pages = await walk(ask)
    assert [] in pages
    assert any(0 < len(page) < 100 for page in pages[:-1])
    assert [video_id for page in pages for video_id in page] == expected(raw.emulator)


async def test_a_random_page_holds_matches_in_random_order(raw: Raw, ask: Ask) -> None:
    first, second = await ask(is_random=True, max_count=50), await ask(is_random=True, max_count=50)
    ids = [video["id"] for video in first.data["data"]["videos"]]
    assert len(ids) == 50
    assert set(ids) <= set(expected(raw.emulator))
    assert ids != sorted(ids, reverse=True)
    assert ids != [video["id"] for video in second.data["data"]["videos"]]
    assert first.data["data"]["has_more"] is False


async def test_a_new_search_id_may_be_refused_before_it_works(raw: Raw, ask: Ask) -> None:
    change(raw.emulator, fresh_search_id_refusals=2)
    data = (await ask()).data["data"]
    more = {"cursor": data["cursor"], "search_id": data["search_id"]}
    for _ in range(2):
        answer = await ask(**more)
        assert answer.data["error"]["message"] == f"Search Id {data['search_id']} is invalid or expired"
    assert (await ask(**more)).code == "ok"


async def test_a_search_id_works_with_its_own_query_for_an_hour(raw: Raw, ask: Ask) -> None:
    data = (await ask()).data["data"]
    more = {"cursor": data["cursor"], "search_id": data["search_id"]}
    assert (await ask(**more)).code == "ok"
    assert (await ask(**more, end_date="20260830")).code == "invalid_params"
    assert (await ask(**{**more, "cursor": 10**6})).data["error"]["message"] == "Invalid count or cursor"
    raw.emulator.clock.advance(timedelta(hours=1))
    assert "is invalid or expired" in (await ask(**more)).data["error"]["message"]


async def test_the_quota_counts_failures_and_resets_at_midnight_utc(raw: Raw, ask: Ask) -> None:
    raw.emulator.research.quota.limit = 4
    raw.emulator.fail_next(Endpoint.RESEARCH_VIDEO_QUERY, status=500)
    assert [(await ask()).code, (await ask(max_count=0)).code] == ["internal_error", "invalid_params"]
    assert [(await ask()).code for _ in range(3)] == ["ok", "ok", "daily_quota_limit_exceeded"]
    assert (await ask()).status == 429
    assert (raw.emulator.research.quota.used, raw.emulator.research.quota.refused) == (4, 2)
    now, resets_at = raw.emulator.clock.now(), raw.emulator.research.quota.resets_at
    assert (resets_at.date(), resets_at.hour, resets_at.tzinfo) == (now.date() + timedelta(days=1), 0, UTC)
    raw.emulator.clock.advance(resets_at - now)
    assert raw.emulator.research.quota.used == 0
    answer = await raw.call(Endpoint.RESEARCH_VIDEO_QUERY, await client_token(raw), json=BODY, fields="id")
    assert answer.code == "ok"


async def test_only_a_client_token_with_the_scope_may_query_videos(raw: Raw, serve: Callable[[Emulator], Raw]) -> None:
    users = raw.emulator.grant(raw.emulator.add_user(), ["research.data.basic"])["access_token"]
    answer = await raw.call(Endpoint.RESEARCH_VIDEO_QUERY, users, json=BODY, fields="id")
    assert (answer.status, answer.code) == (401, "access_token_invalid")
    async with Emulator(app_scopes=["user.info.basic"]) as unapproved:
        other = serve(unapproved)
        answer = await other.call(Endpoint.RESEARCH_VIDEO_QUERY, await client_token(other), json=BODY, fields="id")
        assert (answer.status, answer.code) == (401, "scope_not_authorized")


async def test_a_larger_data_set_is_listed_month_by_month(raw: Raw, ask: Ask) -> None:
    raw.emulator.research.data = ResearchData(videos=25_000, days=400, first_day=date(2025, 8, 1))
    found: list[int] = []
    start = date(2025, 8, 1)
    all_of_them = {"not": [{"operation": "EQ", "field_name": "username", "field_values": ["nobody"]}]}
    while start < date(2026, 9, 6):
        end = start + timedelta(days=30)
        span = {"start_date": f"{start:%Y%m%d}", "end_date": f"{end:%Y%m%d}"}
        found += await all_ids(ask, query=all_of_them, **span)
        start = end + timedelta(days=1)
    assert len(found) == 25_000
    assert set(found) == set(raw.emulator.research.data.by_id)


async def test_strings_may_hold_nul_and_ids_may_have_another_key(raw: Raw, ask: Ask) -> None:
    change(raw.emulator, nul_in_text=True, video_id_key="video_id")
    video = (await ask(fields="id,video_description")).data["data"]["videos"][0]
    assert set(video) == {"video_id", "video_description"}
    assert video["video_description"].endswith("\0")


async def test_create_times_are_within_the_requested_days(ask: Ask) -> None:
    videos = (await ask(fields="create_time")).data["data"]["videos"]
    assert {datetime.fromtimestamp(video["create_time"], UTC).month for video in videos} == {8}
