"""The walk over HTTP: pages, checkpoints, lost searches, quota; and a long walk with faults and kills."""

import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.clocks import FastClock
from tests.research.walker import FIRST, LAST
from tiktok_async import (
    ConfigurationError,
    Endpoint,
    F,
    InvalidParams,
    Limit,
    Query,
    QuotaExhausted,
    ServerError,
    TikTokSession,
)
from tiktok_async.emulator import Emulator, ResearchData
from tiktok_async.emulator.research.data import Video
from tiktok_async.models import WindowKind

QUERY = Query.all(F.region_code.in_("US", "FR", "DE"))
START, END = date(2026, 8, 1), date(2026, 10, 29)


@pytest.fixture
def clock(emulator: Emulator) -> FastClock:
    return FastClock(emulator)


def expected(emulator: Emulator, first: date = START, last: date = END) -> list[str]:
    return [
        str(video.id)
        for video in emulator.research.data.all
        if video.region_code in ("US", "FR", "DE") and first <= video.day <= last
    ]


def change(emulator: Emulator, **quirks: Any) -> None:
    emulator.research.quirks = evolve(emulator.research.quirks, **quirks)


async def ids(session: TikTokSession, **changes: Any) -> list[str]:
    arguments: dict[str, Any] = {"start": START, "end": END, **changes}
    return [video.id async for video in session.research.videos(QUERY, **arguments)]


@pytest.mark.parametrize("end_date", ["inclusive", "exclusive"])
async def test_a_walk_over_many_windows_finds_every_video_once_by_either_reading(
    emulator: Emulator, session: TikTokSession, end_date: str
) -> None:
    change(emulator, end_date=end_date)
    assert await ids(session) == expected(emulator)
    first, last = date(2026, 8, 10), date(2026, 8, 12)
    assert await ids(session, start=first, end=last) == expected(emulator, first, last)


@pytest.mark.parametrize("end_date", ["inclusive", "exclusive"])
async def test_a_short_span_costs_at_most_one_request_more_by_either_reading(
    emulator: Emulator, session: TikTokSession, end_date: str
) -> None:
    emulator.research.data = ResearchData(videos=1_500, days=4)
    change(emulator, end_date=end_date)
    for day in (date(2026, 8, 2), date(2026, 8, 4)):  # the second has no day after it with videos
        wanted = expected(emulator, day, day)
        before = emulator.requests.counts[Endpoint.RESEARCH_VIDEO_QUERY]
        assert await ids(session, start=day, end=day) == wanted
        needed = -(-len(wanted) // 100)
        assert needed > 1
        assert emulator.requests.counts[Endpoint.RESEARCH_VIDEO_QUERY] - before <= needed + 1


class OnDays(ResearchData):
    """Videos on one day of each week."""

    @cached_property
    def all(self) -> Sequence[Video]:
        return [video for video in super().all if video.day.weekday() == self.seed]


@pytest.mark.parametrize("weekday", range(7))
@pytest.mark.parametrize("end_date", ["inclusive", "exclusive"])
async def test_a_walk_asks_for_one_window_more_at_most_with_videos_on_any_days(
    emulator: Emulator, session: TikTokSession, end_date: str, weekday: int
) -> None:
    emulator.research.data = OnDays(videos=300, days=90, seed=weekday)
    change(emulator, end_date=end_date)
    for days in (30, 31, 62, 88):
        last = START + timedelta(days=days - 1)
        before = emulator.requests.counts[Endpoint.RESEARCH_VIDEO_QUERY]
        assert await ids(session, start=START, end=last) == expected(emulator, START, last)
        needed = -(-days // (31 if end_date == "inclusive" else 30))
        assert emulator.requests.counts[Endpoint.RESEARCH_VIDEO_QUERY] - before <= needed + 1


async def test_short_and_empty_pages_do_not_end_a_walk(emulator: Emulator, session: TikTokSession) -> None:
    change(emulator, withheld=0.2, empty_page_every=150, nul_in_text=True, video_id_key="video_id")
    assert await ids(session) == expected(emulator)


async def test_requested_fields_are_returned_and_create_time_only_on_request(session: TikTokSession) -> None:
    bare = await session.research.videos(QUERY, start=START, end=END, fields=["view_count"]).first()
    assert bare is not None
    assert bare.id
    assert bare.view_count is not None
    assert (bare.create_time, bare.username) == (None, None)
    whole = await session.research.videos(QUERY, start=START, end=END).first()
    assert whole is not None
    assert whole.create_time is not None
    assert whole.video_duration is not None


async def test_a_limited_walk_asks_for_no_more_and_can_be_continued(emulator: Emulator, session: TikTokSession) -> None:
    pages = [page async for page in session.research.videos(QUERY, start=START, end=END, limit=130).pages()]
    assert [len(page.items) for page in pages] == [100, 30]
    rest = await ids(session, checkpoint=pages[-1].checkpoint)
    assert [video.id for page in pages for video in page.items] + rest == expected(emulator)


async def test_the_checkpoint_of_every_page_continues_after_it_in_another_session(
    emulator: Emulator, session: TikTokSession
) -> None:
    seen: list[str] = []
    pages = [page async for page in session.research.videos(QUERY, start=START, end=END).pages()]
    for page in pages:
        seen += [video.id for video in page.items]
        async with emulator.session(clock=FastClock(emulator)) as other:
            assert seen + await ids(other, checkpoint=page.checkpoint) == expected(emulator)
    assert not pages[-1].has_more
    assert await ids(session, checkpoint=pages[-1].checkpoint) == [], "a walk that is over does not begin again"


async def test_a_checkpoint_continues_after_its_search_has_expired(emulator: Emulator, session: TikTokSession) -> None:
    pages = session.research.videos(QUERY, start=START, end=END).pages()
    seen: list[str] = []
    for _ in range(4):
        page = await anext(pages)
        seen += [video.id for video in page.items]
    await pages.aclose()
    emulator.clock.advance(timedelta(days=3))
    assert seen + await ids(session, checkpoint=page.checkpoint) == expected(emulator)


@pytest.mark.parametrize("refusals", [1, 3, 5])
async def test_a_refused_new_search_is_repeated_after_a_wait_or_begun_again(
    emulator: Emulator, session: TikTokSession, refusals: int
) -> None:
    change(emulator, fresh_search_id_refusals=refusals)
    assert await ids(session) == expected(emulator)


async def test_searches_that_are_lost_one_after_the_other_end_the_walk_within_a_budget(
    emulator: Emulator, session: TikTokSession
) -> None:
    emulator.research.data = ResearchData(videos=3_000, days=2, first_day=START)
    change(emulator, fresh_search_id_refusals=1_000)
    with pytest.raises(InvalidParams, match="invalid or expired"):
        await ids(session)
    assert emulator.research.quota.used < 30


async def test_a_walk_continues_after_an_invalid_count_or_cursor_error(
    emulator: Emulator, session: TikTokSession
) -> None:
    pages = session.research.videos(QUERY, start=START, end=END).pages()
    found = [video.id for video in (await anext(pages)).items]
    emulator.fail_next(
        Endpoint.RESEARCH_VIDEO_QUERY,
        status=400,
        code="invalid_params",
        message="Invalid count or cursor",
        times=4,
    )
    found += [video.id async for page in pages for video in page.items]
    assert found == expected(emulator)


async def test_other_problems_are_reported_at_once(emulator: Emulator, session: TikTokSession) -> None:
    emulator.fail_next(Endpoint.RESEARCH_VIDEO_QUERY, status=400, code="invalid_params", message="no such thing")
    with pytest.raises(InvalidParams, match="no such thing"):
        await ids(session)
    assert emulator.research.quota.used == 1


async def test_an_outage_ends_the_walk_with_its_checkpoint_good(emulator: Emulator, session: TikTokSession) -> None:
    pages = session.research.videos(QUERY, start=START, end=END).pages()
    page = await anext(pages)
    emulator.fail_next(Endpoint.RESEARCH_VIDEO_QUERY, status=500, times=50)
    with pytest.raises(ServerError):
        await anext(pages)
    emulator.state.faults.clear()
    rest = await ids(session, checkpoint=page.checkpoint)
    assert [video.id for video in page.items] + rest == expected(emulator)


async def test_a_random_sample_is_one_page_a_window(emulator: Emulator, session: TikTokSession) -> None:
    found = await ids(session, is_random=True)
    assert len(set(found)) == len(found)
    assert set(found) <= set(expected(emulator))
    assert sum(request.endpoint is Endpoint.RESEARCH_VIDEO_QUERY for request in emulator.requests) == 3


async def test_a_query_may_be_one_condition_or_tiktoks_json(emulator: Emulator, session: TikTokSession) -> None:
    condition = F.region_code.in_("US", "FR", "DE")
    for query in (condition, QUERY.to_json(), QUERY.body()):
        pages = session.research.videos(query, start=START, end=END, fields=["id"])
        assert [video.id async for video in pages] == expected(emulator)


@pytest.mark.parametrize(
    "changes",
    [
        {"start": datetime(2026, 1, 1)},  # noqa: DTZ001 - that is the mistake
        {"start": "2026-01-01"},
        {"end": date(2020, 1, 1)},
        {"limit": 0},
        {"fields": []},
        {"fields": "id"},
        {"checkpoint": "{}"},
    ],
)
async def test_wrong_arguments_cost_no_quota(
    emulator: Emulator, session: TikTokSession, changes: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        await ids(session, **changes)
    assert len(emulator.requests) == 0


async def test_an_aware_datetime_means_its_utc_day(emulator: Emulator, session: TikTokSession) -> None:
    start, end = datetime(2026, 8, 2, tzinfo=UTC), datetime(2026, 8, 4, 1, tzinfo=UTC)
    assert await ids(session, start=start, end=end) == expected(emulator, date(2026, 8, 2), date(2026, 8, 4))


# quota


async def test_the_quota_is_known_before_it_is_spent(emulator: Emulator) -> None:
    small = {Endpoint.RESEARCH_VIDEO_QUERY: Limit(3, timedelta(days=1), kind=WindowKind.UTC_DAY)}
    async with emulator.session(limits=small) as session:
        assert (await session.research.quota()).used == 0
        assert emulator.research.quota.used == 0, "looking costs nothing"
        with pytest.raises(QuotaExhausted) as caught:
            await ids(session)
        quota = await session.research.quota()
        assert (quota.used, quota.limit, quota.remaining) == (3, 3, 0)
        assert emulator.research.quota.used == 3, "the fourth was never sent"
        assert caught.value.resets_at == quota.resets_at == emulator.research.quota.resets_at


async def test_failed_calls_count_as_tiktok_counts_them(emulator: Emulator, session: TikTokSession) -> None:
    emulator.fail_next(Endpoint.RESEARCH_VIDEO_QUERY, status=500, times=2)
    await session.research.videos(QUERY, start=START, end=END).first()
    assert (await session.research.quota()).used == emulator.research.quota.used == 3


async def test_an_exhausted_quota_is_not_requested_again_on_the_same_day(
    emulator: Emulator, session: TikTokSession
) -> None:
    emulator.research.quota.limit = 2
    for _ in range(3):
        with pytest.raises(QuotaExhausted) as caught:
            await ids(session)
    assert caught.value.resets_at == emulator.research.quota.resets_at
    assert emulator.research.quota.refused == 1
    with pytest.raises(QuotaExhausted):
        await session.research.user("emu_user_0001")
    await session.research.followers("emu_user_0001").first()


async def test_midnight_can_be_waited_for(emulator: Emulator, session: TikTokSession) -> None:
    emulator.research.quota.limit = 4
    before = emulator.clock.now()
    assert await ids(session, wait_for_quota=True) == expected(emulator)
    assert timedelta(days=1) < emulator.clock.now() - before < timedelta(days=10)
    assert emulator.research.quota.refused <= 4


async def test_followers_have_a_quota_of_their_own(session: TikTokSession) -> None:
    await session.research.followers("emu_user_0001").first()
    assert ((await session.research.quota()).used, (await session.research.graph_quota()).used) == (0, 1)
    assert (await session.research.graph_quota()).limit == 20_000


# the long walk


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_long_walk_with_faults_and_kills_finds_every_video_once(
    emulator: Emulator,
    tmp_path: Path,
    full: bool,  # noqa: FBT001 - a fixture
) -> None:
    videos = 25_000 if full else 5_000
    emulator.research.data = ResearchData(videos=videos, days=(LAST - FIRST).days + 1, first_day=FIRST)
    needed = _minimum(emulator)
    emulator.fail_next(Endpoint.RESEARCH_VIDEO_QUERY, status=500, share=0.05, times=10**9)
    path = tmp_path / "walk.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript("CREATE TABLE videos (id TEXT); CREATE TABLE state (checkpoint TEXT)")
    used = emulator.research.quota.used
    pages = needed // 5
    for _ in range(3):
        await _run(emulator.url, path, kill_after=pages)
    await _run(emulator.url, path, kill_after=None)
    database = sqlite3.connect(path)
    found = [row[0] for row in database.execute("SELECT id FROM videos")]
    database.close()
    assert len(found) == videos
    assert set(found) == {str(video.id) for video in emulator.research.data.all}
    used = emulator.research.quota.used - used
    print(f"{videos} videos, {used} requests, {needed} needed: {used / needed:.3f}")  # noqa: T201 - a figure
    assert used <= 1.1 * needed + (0 if full else 4), (used, needed)


def _minimum(emulator: Emulator) -> int:
    """Return how many requests an undisturbed walk needs for its days and pages."""
    data = emulator.research.data
    needed, day = 0, FIRST
    while day <= LAST:
        end = min(day + timedelta(days=30), LAST)
        needed += max(1, -(-len(list(data.between(day, end))) // 100))
        day = end + timedelta(days=1)
    return needed


async def _run(url: str, path: Path, *, kill_after: int | None) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.research.walker", url, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    pages = 0
    while await process.stdout.readline():
        pages += 1
        if pages == kill_after:
            process.kill()
    assert await process.wait() == (0 if kill_after is None else -9)
