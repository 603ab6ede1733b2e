"""Video listings against the emulator: order, ends, cursors, times, ids."""

import weakref
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime

import pytest

from tiktok_async import Account, ConfigurationError, Endpoint, ScopeNotGranted, TikTokSession, VideoField
from tiktok_async.emulator import Emulator

ALL = {"user.info.basic", "user.info.profile", "user.info.stats", "video.list"}


async def connected(emulator: Emulator, session: TikTokSession, videos: int) -> Account:
    return await emulator.connect(session, emulator.add_user(videos=videos, scopes=ALL))


def listings(emulator: Emulator) -> int:
    return sum(request.endpoint is Endpoint.VIDEO_LIST for request in emulator.requests)


async def times(account: Account) -> list[datetime]:
    return [video.create_time async for video in account.videos() if video.create_time is not None]


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_every_video_comes_once_and_newest_first(
    emulator: Emulator, session: TikTokSession, read_ahead: int
) -> None:
    account = await connected(emulator, session, 47)
    videos = [video async for video in account.videos(read_ahead=read_ahead)]
    assert len({video.id for video in videos}) == len(videos) == 47
    moments = [video.create_time for video in videos if video.create_time is not None]
    assert len(moments) == 47
    assert moments == sorted(moments, reverse=True)


async def test_an_account_without_videos_lists_none(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 0)
    assert await account.videos().collect() == []
    assert await account.videos().first() is None


async def test_making_a_listing_sends_nothing(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 5)
    account.videos()
    assert listings(emulator) == 0


async def test_the_first_item_costs_one_request(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 100)
    assert await account.videos().first() is not None
    assert listings(emulator) == 1


async def test_a_limit_never_asks_for_more_than_it_needs(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 100)
    assert len(await account.videos(limit=25).collect()) == 25
    assert listings(emulator) == 2


async def test_a_saved_cursor_continues_where_the_page_ended(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 50)
    everything = [video.id async for video in account.videos()]
    async with aclosing(account.videos(page_size=20).pages()) as pages:
        page = await anext(pages)
    assert page.has_more
    rest = [video.id async for video in account.videos(cursor=page.cursor)]
    assert [video.id for video in page.items] + rest == everything


async def test_a_limited_listing_can_be_continued_without_a_gap(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 50)
    everything = [video.id async for video in account.videos()]
    cursor, seen = None, []
    async for page in account.videos(limit=27).pages():
        seen += [video.id for video in page.items]
        cursor = page.cursor
    seen += [video.id async for video in account.videos(cursor=cursor)]
    assert seen == everything


async def test_since_and_before_bound_the_listing(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 60)
    moments = await times(account)
    since, before = moments[40], moments[9]
    wanted = [moment for moment in moments if since <= moment < before]
    emulator_before = listings(emulator)
    found = [video.create_time async for video in account.videos(since=since, before=before)]
    assert found == wanted
    assert listings(emulator) - emulator_before <= 3, "the listing ends at the first page older than `since`"


async def test_since_works_without_asking_for_times(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 30)
    moments = await times(account)
    videos = await account.videos(fields=[VideoField.ID], since=moments[4]).collect()
    assert len(videos) == 5
    assert all(video.create_time is None and video.title is None for video in videos)


async def test_fields_that_were_not_asked_for_are_none(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 1)
    video = await account.videos(fields=["id", VideoField.TITLE]).first()
    assert video is not None
    assert video.title is not None
    assert video.duration is None
    assert set(video.raw) == {"id", "title"}


async def test_any_number_of_ids_is_requested_by_twenty(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 45)
    ids = [video.id async for video in account.videos()]

    async def stream() -> AsyncIterator[str]:
        for video_id in ids:
            yield video_id

    assert [video.id async for video in account.videos_by_id(ids)] == ids
    assert [video.id async for video in account.videos_by_id(stream())] == ids
    assert sum(request.endpoint is Endpoint.VIDEO_QUERY for request in emulator.requests) == 6


async def test_videos_of_others_are_left_out_and_an_empty_list_sends_nothing(
    emulator: Emulator, session: TikTokSession
) -> None:
    account = await connected(emulator, session, 2)
    ids = [video.id async for video in account.videos()]
    assert [video.id async for video in account.videos_by_id(["1", ids[0], "2"])] == [ids[0]]
    before = len(emulator.requests)
    assert await account.videos_by_id([]).collect() == []
    assert len(emulator.requests) == before


async def test_a_scope_that_was_not_granted_is_named_before_anything_is_sent(
    emulator: Emulator, session: TikTokSession
) -> None:
    account = await emulator.connect(session, emulator.add_user(videos=5, scopes={"user.info.basic"}))
    before = len(emulator.requests)
    with pytest.raises(ScopeNotGranted) as caught:
        await account.videos().first()
    assert caught.value.missing == {"video.list"}
    assert caught.value.open_id == account.open_id
    assert len(emulator.requests) == before


@pytest.mark.parametrize(
    "arguments",
    [
        {"page_size": 0},
        {"page_size": 21},
        {"limit": 0},
        {"since": datetime(2026, 1, 1)},  # noqa: DTZ001 - the naive datetime is the point
        {"before": datetime(2026, 1, 1)},  # noqa: DTZ001 - the naive datetime is the point
        {"fields": []},
        {"read_ahead": 2},
    ],
)
async def test_invalid_arguments_are_refused_at_once(session: TikTokSession, arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        session.account("somebody").videos(**arguments)  # type: ignore[arg-type]  # wrong on purpose


async def test_one_str_is_not_a_list_of_ids(session: TikTokSession) -> None:
    with pytest.raises(ConfigurationError, match="one str, not a list"):
        session.account("somebody").videos_by_id("7080213458555737986")


async def test_ten_thousand_videos_hold_no_more_than_two_pages(emulator: Emulator, session: TikTokSession) -> None:
    account = await connected(emulator, session, 10_000)
    alive: set[int] = set()
    count = most = 0
    async for video in account.videos(read_ahead=1, fields=["id", "create_time"]):
        count += 1
        alive.add(id(video))
        weakref.finalize(video, alive.discard, id(video))
        most = max(most, len(alive))
    assert count == 10_000
    assert most <= 40
