"""One account's round: run twice, late, after a crash, and while another worker runs it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from tests.sync.conftest import Sink, World
from tiktok_async import sync_account
from tiktok_async.errors import ConfigurationError, ReauthorizationRequired, ServerError, StoreError
from tiktok_async.models import AccountKey, Checkpoint, Endpoint, SyncState
from tiktok_async.sync import SyncPage

EVER = timedelta(days=36_500)
HALF_DAY = timedelta(hours=12)


async def _stored(world: World, open_id: str) -> Checkpoint:
    checkpoint = await world.checkpoints.get(AccountKey(world.session.client_key, open_id))
    assert checkpoint is not None
    return checkpoint


async def test_a_first_round_reports_every_video_and_sets_the_next_round(world: World, sink: Sink) -> None:
    user = await world.connect(videos=45)
    done = await sync_account(world.session, user.open_id, sink, world.checkpoints)
    assert (done.state, done.pages, done.videos, done.error) == (SyncState.SYNCED, 3, 45, None)
    assert set(sink.rows) == set(user.videos.ids())
    assert len(sink.pages) == 3
    stored = await _stored(world, user.open_id)
    now = world.session.clock.now()
    assert now + HALF_DAY / 2 - timedelta(minutes=1) < stored.due_at < now + HALF_DAY * 1.5
    assert (stored.round, stored.cursor, stored.began_at, dict(stored.seen)) == (1, None, None, {})
    assert (
        stored.watermark
        == done.watermark
        == max(video.create_time for video in sink.rows.values() if video.create_time)
    )


async def test_a_second_round_reports_new_changed_and_gone_videos(world: World, sink: Sink) -> None:
    user = await world.connect(videos=45)
    await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=EVER)
    ids = user.videos.ids()
    user.videos.edit(ids[3], like_count=1_000_000)
    user.videos.remove(ids[30])
    new = user.videos.add(world.session.clock.now())["id"]
    sink.pages.clear()
    done = await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=EVER)
    assert (done.videos, done.gone) == (2, 1)
    assert {video.id for page in sink.pages for video in page.videos} == {new, ids[3]}
    assert sink.gone == {ids[30]}
    assert sink.rows[ids[3]].like_count == 1_000_000
    again = await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=EVER)
    assert (again.state, again.videos, again.gone) == (SyncState.SYNCED, 0, 0)


async def test_a_round_reads_no_videos_before_the_look_back(world: World, sink: Sink) -> None:
    user = await world.connect(videos=200)
    now = world.session.clock.now()
    for days in range(5):
        user.videos.add(now - timedelta(days=days))
    look_back = timedelta(days=3)
    first = await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=look_back)
    assert (first.videos, first.pages) == (205, 11)
    second = await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=look_back)
    assert (second.videos, second.pages, second.gone) == (0, 1, 0)
    assert len((await _stored(world, user.open_id)).known) <= 4


async def test_an_account_without_new_videos_is_not_reported_each_time(world: World, sink: Sink) -> None:
    user = await world.connect(videos=30)
    for expected in (30, 0, 0):
        done = await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=timedelta(seconds=1))
        assert (done.videos, done.gone) == (expected, 0)


async def test_a_video_that_a_listing_left_out_is_not_gone(
    world: World, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await world.connect(videos=12)
    await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=EVER)
    page = user.videos.page

    def short(before_ms: int | None, count: int) -> tuple[list[int], bool]:
        ids, more = page(before_ms, count)
        return ids[:5], more

    monkeypatch.setattr(user.videos, "page", short)
    done = await sync_account(world.session, user.open_id, sink, world.checkpoints, look_back=EVER)
    assert (done.state, done.gone, sink.gone) == (SyncState.SYNCED, 0, set())
    assert len((await _stored(world, user.open_id)).known) == 12


@pytest.mark.parametrize("pages_before_the_crash", range(5))
async def test_the_next_worker_after_a_crash_continues_at_the_unsaved_page(
    world: World, sink: Sink, pages_before_the_crash: int
) -> None:
    user = await world.connect(videos=100)

    async def crashing(page: SyncPage) -> None:
        if len(sink.pages) == pages_before_the_crash:
            raise ZeroDivisionError
        await sink(page)

    with pytest.raises(ZeroDivisionError):
        await sync_account(world.session, user.open_id, crashing, world.checkpoints)
    done = await sync_account(world.session, user.open_id, sink, world.checkpoints)
    assert done.state is SyncState.SYNCED
    assert done.pages == 5 - pages_before_the_crash
    assert set(sink.rows) == set(user.videos.ids())
    assert (await _stored(world, user.open_id)).round == 1


async def test_a_video_posted_during_an_interrupted_round_is_reported_by_the_next(world: World, sink: Sink) -> None:
    user = await world.connect(videos=60)

    async def once(page: SyncPage) -> None:
        if len(sink.pages) == 2:
            raise ZeroDivisionError
        await sink(page)

    with pytest.raises(ZeroDivisionError):
        await sync_account(world.session, user.open_id, once, world.checkpoints)
    new = user.videos.add(world.session.clock.now())["id"]
    await sync_account(world.session, user.open_id, sink, world.checkpoints)
    assert new not in sink.rows
    await sync_account(world.session, user.open_id, sink, world.checkpoints)
    assert set(sink.rows) == set(user.videos.ids())


async def test_one_of_two_concurrent_workers_syncs_and_the_other_reports_busy(world: World, sink: Sink) -> None:
    user = await world.connect(videos=40)
    both = await asyncio.gather(*(sync_account(world.session, user.open_id, sink, world.checkpoints) for _ in range(2)))
    assert {done.state for done in both} == {SyncState.SYNCED, SyncState.BUSY}
    assert world.emulator.requests.counts[Endpoint.VIDEO_LIST] == 2


async def test_a_job_for_a_finished_round_does_nothing(world: World, sink: Sink) -> None:
    user = await world.connect(videos=5)
    for state in (SyncState.SYNCED, SyncState.NOT_DUE, SyncState.NOT_DUE):
        done = await sync_account(world.session, user.open_id, sink, world.checkpoints, checkpoint_id="0")
        assert done.state is state
    assert world.emulator.requests.counts[Endpoint.VIDEO_LIST] == 1


async def test_a_worker_that_was_overtaken_stops_and_reports_nothing(world: World, sink: Sink) -> None:
    user = await world.connect(videos=60)
    key = AccountKey(world.session.client_key, user.open_id)

    async def overtaken(page: SyncPage) -> None:
        await sink(page)
        stored = await world.checkpoints.get(key)
        await world.checkpoints.put(
            Checkpoint(key=key, due_at=world.session.clock.now(), round=7),
            expected_version=stored.version if stored else 0,
        )

    done = await sync_account(world.session, user.open_id, overtaken, world.checkpoints)
    assert done.state is SyncState.BUSY
    assert (await _stored(world, user.open_id)).round == 7


async def test_a_worker_whose_lease_was_lost_stops(world: World, sink: Sink) -> None:
    user = await world.connect(videos=60)

    async def slow(page: SyncPage) -> None:
        await sink(page)
        world.emulator.clock.advance(timedelta(seconds=61))

    done = await sync_account(world.session, user.open_id, slow, world.checkpoints)
    assert (done.state, done.pages) == (SyncState.BUSY, 1)


async def test_a_page_may_take_longer_than_the_lease_while_its_worker_lives(world: World, sink: Sink) -> None:
    user = await world.connect(videos=60)
    others = list[SyncState]()

    async def slow(page: SyncPage) -> None:
        await sink(page)
        for _ in range(6):
            world.emulator.clock.advance(timedelta(seconds=20))
            for _ in range(10):
                await asyncio.sleep(0)
        others.append((await sync_account(world.session, user.open_id, sink, world.checkpoints)).state)

    done = await sync_account(world.session, user.open_id, slow, world.checkpoints)
    assert (done.state, done.pages) == (SyncState.SYNCED, 3)
    assert others == [SyncState.BUSY] * 3


async def test_the_lease_of_the_sync_does_not_keep_the_token_from_being_refreshed(world: World, sink: Sink) -> None:
    user = await world.connect(videos=5)
    world.emulator.clock.advance(timedelta(hours=3))
    done = await sync_account(world.session, user.open_id, sink, world.checkpoints)
    assert done.state is SyncState.SYNCED
    assert world.emulator.refreshes[user.open_id] == 1


async def test_an_account_that_needs_a_login_is_reported_once_and_again_after_the_next_loss(
    world: World, sink: Sink
) -> None:
    user = await world.connect(videos=5)
    for _ in range(2):
        world.emulator.revoke(user)
        first = await sync_account(world.session, user.open_id, sink, world.checkpoints)
        assert first.state is SyncState.LOGIN_NEEDED
        assert isinstance(first.error, ReauthorizationRequired)
        second = await sync_account(world.session, user.open_id, sink, world.checkpoints)
        assert (second.state, second.error) == (SyncState.LOGIN_NEEDED, None)
        await world.emulator.connect(world.session, user)
        healed = await sync_account(world.session, user.open_id, sink, world.checkpoints)
        assert healed.state is SyncState.SYNCED


async def test_an_account_that_was_disconnected_is_forgotten(world: World, sink: Sink) -> None:
    done = await sync_account(world.session, "nobody", sink, world.checkpoints)
    assert done.state is SyncState.DISCONNECTED
    assert await world.checkpoints.get(AccountKey(world.session.client_key, "nobody")) is None


async def test_a_failure_is_a_result_and_the_pause_of_its_account_grows(world: World, sink: Sink) -> None:
    user = await world.connect(videos=40)
    rests = list[timedelta]()
    for failures in (1, 2, 3):
        world.emulator.fail_next(Endpoint.VIDEO_LIST, status=400, code="invalid_params", times=1)
        done = await sync_account(world.session, user.open_id, sink, world.checkpoints)
        assert done.state is SyncState.FAILED
        assert done.error is not None
        stored = await _stored(world, user.open_id)
        assert stored.failures == failures
        rests.append(stored.due_at - world.session.clock.now())
    assert timedelta(seconds=29) < rests[0] < rests[2] <= timedelta(minutes=4)
    healed = await sync_account(world.session, user.open_id, sink, world.checkpoints)
    assert (healed.state, healed.videos) == (SyncState.SYNCED, 40)
    assert (await _stored(world, user.open_id)).failures == 0


async def test_an_exception_of_the_handler_is_raised_even_if_it_is_one_of_our_classes(world: World) -> None:
    user = await world.connect(videos=5)

    async def handler(_: SyncPage) -> None:
        raise StoreError("the handler's own database")

    with pytest.raises(StoreError, match="own database"):
        await sync_account(world.session, user.open_id, handler, world.checkpoints)
    with pytest.raises(ServerError):
        await sync_account(world.session, user.open_id, _raises(ServerError("internal_error", "x")), world.checkpoints)


def _raises(error: Exception) -> Any:
    async def handler(_: SyncPage) -> None:
        raise error

    return handler


async def test_a_sync_cancelled_at_any_point_releases_the_account_and_the_next_finishes(
    world: World, sink: Sink
) -> None:
    for turns in range(0, 120, 3):
        user = await world.connect(videos=45)
        task = asyncio.ensure_future(sync_account(world.session, user.open_id, sink, world.checkpoints))
        for _ in range(turns):
            await asyncio.sleep(0.0002)
        task.cancel()
        await asyncio.wait({task})
        done = await sync_account(world.session, user.open_id, sink, world.checkpoints, checkpoint_id="0")
        assert done.state in {SyncState.SYNCED, SyncState.NOT_DUE}
        assert set(user.videos.ids()) <= set(sink.rows)


async def test_only_requested_fields_and_the_time_are_fetched(world: World, sink: Sink) -> None:
    user = await world.connect(videos=5)
    await sync_account(world.session, user.open_id, sink, world.checkpoints, fields=["title"])
    video = next(iter(sink.rows.values()))
    assert video.title
    assert video.create_time
    assert video.like_count is None


async def test_a_first_round_may_begin_at_a_moment(world: World, sink: Sink) -> None:
    user = await world.connect(videos=5)
    now = world.session.clock.now()
    new = user.videos.add(now - timedelta(days=1))["id"]
    await sync_account(world.session, user.open_id, sink, world.checkpoints, since=now - timedelta(days=2))
    assert set(sink.rows) == {new}


async def test_invalid_arguments_raise_configuration_error(world: World, sink: Sink) -> None:
    for wrong in ({"every": timedelta(0)}, {"lease": timedelta(-1)}, {"since": datetime(2026, 1, 1)}):  # noqa: DTZ001 - the point
        arguments: dict[str, Any] = {**wrong}
        with pytest.raises(ConfigurationError):
            await sync_account(world.session, "one", sink, world.checkpoints, **arguments)


async def test_a_checkpoint_holds_the_round_that_it_is_for() -> None:
    checkpoint = Checkpoint(key=AccountKey("app", "one"), due_at=datetime.now(UTC), round=3)
    assert checkpoint.id == "3"
    assert evolve(checkpoint, round=4).id == "4"
