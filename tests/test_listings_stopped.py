"""A listing that stops although TikTok says that there is more is asked for again, and never looks whole."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.clocks import FastClock
from tiktok_async import Endpoint, F, ListingIncomplete, Pages, Query, Scope, TikTokSession
from tiktok_async.emulator import Emulator, Quirks
from tiktok_async.stores import MemoryCheckpointStore
from tiktok_async.sync import sync_videos

if TYPE_CHECKING:
    from collections.abc import Callable

OK = {"code": "ok", "message": "", "log_id": "LOG"}
QUERY = Query.all(F.region_code == "FR")
DAY = date(2026, 8, 1)


@pytest.fixture
def clock(emulator: Emulator) -> FastClock:
    return FastClock(emulator)


STOPPED: list[tuple[Endpoint, str, dict[str, Any]]] = [
    (Endpoint.RESEARCH_VIDEO_QUERY, "videos", {"search_id": "7", "cursor": 0}),
    (Endpoint.RESEARCH_VIDEO_QUERY, "videos", {"search_id": "7"}),
    (Endpoint.RESEARCH_COMMENT_LIST, "comments", {"cursor": 0}),
    (Endpoint.RESEARCH_LIKED_VIDEOS, "user_liked_videos", {}),
    (Endpoint.RESEARCH_REPOSTED_VIDEOS, "reposted_videos", {"cursor": 0}),
    (Endpoint.RESEARCH_FOLLOWERS, "user_followers", {}),
    (Endpoint.RESEARCH_FOLLOWING, "user_following", {"cursor": None}),
    (Endpoint.RESEARCH_ADLIB_AD_QUERY, "ads", {}),
    (Endpoint.RESEARCH_ADLIB_CONTENT_QUERY, "commercial_contents", {}),
]


def listing(session: TikTokSession, endpoint: Endpoint) -> Pages[Any]:
    research = session.research
    listings: dict[Endpoint, Callable[[], Pages[Any]]] = {
        Endpoint.RESEARCH_VIDEO_QUERY: lambda: research.videos(QUERY, start=DAY, end=DAY),
        Endpoint.RESEARCH_COMMENT_LIST: lambda: research.comments("7"),
        Endpoint.RESEARCH_LIKED_VIDEOS: lambda: research.liked_videos("emu_user_0001"),
        Endpoint.RESEARCH_REPOSTED_VIDEOS: lambda: research.reposted_videos("emu_user_0001"),
        Endpoint.RESEARCH_FOLLOWERS: lambda: research.followers("emu_user_0001"),
        Endpoint.RESEARCH_FOLLOWING: lambda: research.following("emu_user_0001"),
        Endpoint.RESEARCH_ADLIB_AD_QUERY: lambda: research.ads.query(start=DAY, end=DAY),
        Endpoint.RESEARCH_ADLIB_CONTENT_QUERY: lambda: research.ads.contents(start=DAY, end=DAY),
    }
    return listings[endpoint]()


def page(key: str, items: list[Any], *, has_more: bool = True, **end: Any) -> bytes:
    return orjson.dumps({"data": {key: items, "has_more": has_more, **end}, "error": OK})


ITEM = {"id": 71, "username": "emu_user_0001", "create_time": 1785542400}


@pytest.mark.parametrize(("endpoint", "key", "end"), STOPPED)
async def test_a_stalled_listing_raises_after_its_items(
    emulator: Emulator, session: TikTokSession, endpoint: Endpoint, key: str, end: dict[str, Any]
) -> None:
    emulator.fail_next(endpoint, body=page(key, [ITEM], **end), times=100)
    seen: list[Any] = []
    with pytest.raises(ListingIncomplete, match="listing_incomplete"):
        async for one in listing(session, endpoint):
            seen.append(one)
    assert len(seen) == 1
    assert 1 < emulator.requests.counts[endpoint] < 10


@pytest.mark.parametrize(("endpoint", "key", "end"), STOPPED)
async def test_a_stalled_listing_that_continues_after_a_retry_is_complete(
    emulator: Emulator, session: TikTokSession, endpoint: Endpoint, key: str, end: dict[str, Any]
) -> None:
    emulator.fail_next(endpoint, body=page(key, [ITEM], **end), times=2)
    emulator.fail_next(endpoint, body=page(key, [ITEM, {**ITEM, "id": 72}], has_more=False))
    assert len(await listing(session, endpoint).collect()) == 2


async def test_a_cursor_that_leads_back_ends_with_an_error(emulator: Emulator, session: TikTokSession) -> None:
    for _ in range(9):
        for cursor in (400, 300):
            body = page("user_followers", [ITEM], cursor=cursor)
            emulator.fail_next(Endpoint.RESEARCH_FOLLOWERS, body=body)
    with pytest.raises(ListingIncomplete):
        await session.research.followers("emu_user_0001").collect()


async def test_a_limit_that_is_reached_asks_no_more(emulator: Emulator, session: TikTokSession) -> None:
    emulator.fail_next(Endpoint.RESEARCH_FOLLOWERS, body=page("user_followers", [ITEM], cursor=None), times=9)
    assert len(await session.research.followers("emu_user_0001", limit=1).collect()) == 1
    assert emulator.requests.counts[Endpoint.RESEARCH_FOLLOWERS] == 1


async def test_a_stopped_walk_continues_from_its_last_checkpoint(emulator: Emulator, session: TikTokSession) -> None:
    whole = [video.id async for video in session.research.videos(QUERY, start=DAY, end=DAY + timedelta(days=60))]
    pages = session.research.videos(QUERY, start=DAY, end=DAY + timedelta(days=60)).pages()
    first = await anext(pages)
    item = {**ITEM, "id": int(whole[len(first.items)]), "create_time": 1785542400}
    emulator.fail_next(Endpoint.RESEARCH_VIDEO_QUERY, body=page("videos", [item]), times=4)
    found = list(first.items)
    checkpoint = first.checkpoint
    with pytest.raises(ListingIncomplete):
        async for one in pages:
            found += one.items
            checkpoint = one.checkpoint
    rest = session.research.videos(QUERY, start=DAY, end=DAY + timedelta(days=60), checkpoint=checkpoint)
    assert [video.id for video in found] + [video.id async for video in rest] == whole


@pytest.mark.parametrize("total", [3, None])
async def test_a_playlist_whose_cursor_does_not_work_is_whole_only_by_its_total(
    emulator: Emulator, session: TikTokSession, total: int | None
) -> None:
    data = {"playlist_id": 5, "playlist_item_total": total, "playlist_video_ids": [1, 2, 3]}
    body = orjson.dumps({"data": {**data, "cursor": 3, "has_more": True}, "error": OK})
    emulator.fail_next(Endpoint.RESEARCH_PLAYLIST_INFO, body=body, times=9)
    if total is None:
        with pytest.raises(ListingIncomplete):
            await session.research.playlist("5")
    else:
        assert (await session.research.playlist("5")).playlist_video_ids == ("1", "2", "3")


async def test_a_sync_calls_no_video_gone_after_a_listing_that_stopped() -> None:
    async with Emulator() as emulator, emulator.session(clock=FastClock(emulator)) as session:
        user = emulator.add_user(videos=50, scopes={Scope.VIDEO_LIST})
        account = await emulator.connect(session, user)
        checkpoints = MemoryCheckpointStore()
        look_back = timedelta(days=10_000)

        async def run() -> Any:
            results = [
                one
                async for one in sync_videos(session, accounts=[account], checkpoints=checkpoints, look_back=look_back)
            ]
            return results[0]

        assert len((await run()).videos) == 50
        emulator.fail_next(Endpoint.VIDEO_LIST, body=page("videos", [], cursor=0), times=9)
        result = await run()
        assert isinstance(result.error, ListingIncomplete)
        assert result.gone == ()
        emulator.state.faults.clear()
        assert (await run()).error is None


async def test_an_emulated_cursor_that_does_not_change_is_reported_after_the_first_page() -> None:
    async with (
        Emulator(quirks=Quirks(cursor_stands_still=True)) as emulator,
        emulator.session(clock=FastClock(emulator)) as session,
    ):
        user = emulator.add_user(videos=50, scopes={Scope.VIDEO_LIST})
        account = await emulator.connect(session, user)
        with pytest.raises(ListingIncomplete) as caught:
            await account.videos().collect()
        assert caught.value.open_id == user.open_id
        assert len(await account.videos(limit=5).collect()) == 5
