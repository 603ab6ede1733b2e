"""Many accounts in one process: a stream of results despite failures, and no task left at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sync.conftest import World
from tiktok_async import sync_videos
from tiktok_async.errors import (
    AccountNotFound,
    ConfigurationError,
    ReauthorizationRequired,
    ServerError,
    StoreError,
)
from tiktok_async.models import AccountKey, Endpoint
from tiktok_async.sync import SyncResult

EVER = timedelta(days=36_500)


def _tasks() -> set["asyncio.Task[Any]"]:
    """Return the tasks, without the emulator's own."""
    return {task for task in asyncio.all_tasks() if "RequestHandler" not in repr(task)}


async def _run(world: World, **options: Any) -> dict[str, SyncResult]:
    return {result.account.open_id: result async for result in sync_videos(world.session, **options)}


async def test_every_stored_account_is_reported_once_with_all_its_videos(world: World) -> None:
    users = [await world.connect(videos=number * 7) for number in range(9)]
    results = await _run(world, concurrency=4)
    assert set(results) == {user.open_id for user in users}
    for user in users:
        result = results[user.open_id]
        assert result.error is None
        assert [video.id for video in result.videos] == user.videos.ids()
        assert result.watermark == (result.videos[0].create_time if result.videos else None)


async def test_one_accounts_failure_stops_no_other(world: World) -> None:
    users = [await world.connect(videos=3) for _ in range(6)]
    world.emulator.revoke(users[1])
    world.emulator.fail_next(Endpoint.VIDEO_LIST, status=500, code="internal_error", times=1000, user=users[4])
    results = await _run(world, accounts=[*(user.open_id for user in users), "stranger"])
    errors = {open_id: type(result.error) for open_id, result in results.items() if result.error}
    assert errors == {
        users[1].open_id: ReauthorizationRequired,
        users[4].open_id: ServerError,
        "stranger": AccountNotFound,
    }
    assert len(results) == 7


async def test_the_watermark_of_a_run_is_the_start_of_the_next(world: World) -> None:
    users = [await world.connect(videos=5) for _ in range(3)]
    marks = {open_id: r.watermark for open_id, r in (await _run(world)).items() if r.watermark}
    new = users[0].videos.add(world.session.clock.now())["id"]
    second = await _run(world, since=marks)
    assert [len(second[user.open_id].videos) for user in users] == [2, 1, 1]
    assert second[users[0].open_id].videos[0].id == new
    assert [len(r.videos) for r in (await _run(world, since=world.session.clock.now() - EVER)).values()] == [6, 5, 5]


async def test_a_run_with_checkpoints_reports_new_changed_and_gone_videos(world: World) -> None:
    quiet, busy = await world.connect(videos=30), await world.connect(videos=30)
    options: dict[str, Any] = {"checkpoints": world.checkpoints, "look_back": EVER}
    assert [len(result.videos) for result in (await _run(world, **options)).values()] == [30, 30]
    ids = busy.videos.ids()
    busy.videos.edit(ids[0], view_count=9_999_999)
    busy.videos.remove(ids[1])
    new = busy.videos.add(world.session.clock.now())["id"]
    second = await _run(world, **options)
    assert (second[quiet.open_id].videos, second[quiet.open_id].gone) == ((), ())
    assert {video.id for video in second[busy.open_id].videos} == {new, ids[0]}
    assert second[busy.open_id].gone == (ids[1],)


async def test_accounts_that_are_synced_when_the_loop_is_left_are_synced_again(world: World) -> None:
    users = [await world.connect(videos=3) for _ in range(4)]
    seen = list[str]()
    async with aclosing(sync_videos(world.session, checkpoints=world.checkpoints, concurrency=2)) as results:
        async for result in results:
            seen.append(result.account.open_id)
            if len(seen) == 3:
                break
    second = await _run(world, checkpoints=world.checkpoints)
    fresh = {open_id for open_id, result in second.items() if result.videos}
    assert fresh == {user.open_id for user in users} - set(seen[:2])


async def test_an_account_that_needs_a_login_is_reported_in_one_run_only(world: World) -> None:
    user, other = await world.connect(videos=2), await world.connect(videos=2)
    world.emulator.revoke(user)
    runs = [await _run(world, checkpoints=world.checkpoints) for _ in range(3)]
    assert [user.open_id in run for run in runs] == [True, False, False]
    assert [other.open_id in run for run in runs] == [True, True, True]
    await world.emulator.connect(world.session, user)
    assert len((await _run(world, checkpoints=world.checkpoints))[user.open_id].videos) == 2


async def test_no_more_accounts_than_the_concurrency_are_running_or_waiting(world: World) -> None:
    users = [await world.connect(videos=1) for _ in range(20)]
    begun = 0

    async def each() -> AsyncIterator[str]:
        nonlocal begun
        for user in users:
            begun += 1
            yield user.open_id

    taken = 0
    async with aclosing(sync_videos(world.session, accounts=each(), concurrency=3)) as results:
        async for _ in results:
            taken += 1
            await asyncio.sleep(0.02)
            assert begun <= taken + 3
    assert taken == 20


@pytest.mark.parametrize("after", [0, 1, 5])
async def test_a_loop_that_is_left_early_leaves_no_task(world: World, after: int) -> None:
    for _ in range(12):
        await world.connect(videos=40)
    before = _tasks()
    results = sync_videos(world.session, concurrency=6)
    for _ in range(after):
        await anext(results)
    await results.aclose()
    assert _tasks() == before


async def test_a_run_cancelled_at_any_point_leaves_no_task(world: World) -> None:
    for _ in range(6):
        await world.connect(videos=25)
    before = _tasks()
    for turns in range(0, 100, 5):

        async def consume() -> None:
            async with aclosing(sync_videos(world.session, concurrency=3)) as results:
                async for _ in results:
                    pass

        task = asyncio.ensure_future(consume())
        for _ in range(turns):
            await asyncio.sleep(0.0001)
        task.cancel()
        await asyncio.wait({task})
        assert _tasks() == before


async def test_accounts_that_cannot_be_read_end_the_run(world: World) -> None:
    user = await world.connect(videos=1)

    async def broken() -> AsyncIterator[str]:
        yield user.open_id
        raise StoreError("the disk is gone")

    got = list[SyncResult]()
    with pytest.raises(StoreError, match="disk"):
        async for result in sync_videos(world.session, accounts=broken()):
            got.append(result)


async def test_a_sync_without_accounts_has_no_results(world: World) -> None:
    assert await _run(world) == {}
    assert await _run(world, accounts=[]) == {}


async def test_a_checkpoint_that_another_run_changed_is_not_overwritten(world: World) -> None:
    user = await world.connect(videos=3)
    key = AccountKey(world.session.client_key, user.open_id)
    async for _ in sync_videos(world.session, checkpoints=world.checkpoints):
        async for _ in sync_videos(world.session, checkpoints=world.checkpoints):
            pass
    stored = await world.checkpoints.get(key)
    assert stored is not None
    assert stored.round == 1


async def test_invalid_arguments_raise_configuration_error(world: World) -> None:
    wrong: list[dict[str, Any]] = [
        {"concurrency": 0},
        {"accounts": "one"},
        {"since": datetime(2026, 1, 1)},  # noqa: DTZ001 - the point
        {"look_back": timedelta(0)},
    ]
    for options in wrong:
        with pytest.raises(ConfigurationError):
            await _run(world, **options)
