"""The reconciler: which accounts are due, in which order, how evenly, and how it finds them."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sync.conftest import Sink, World
from tiktok_async import due_accounts, sync_account
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import SyncState
from tiktok_async.sync import _rules as rules

HALF_DAY = timedelta(hours=12)
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them so
SPANS = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=30))


async def _due(world: World, limit: int | None = None) -> list[str]:
    return [due.open_id async for due in due_accounts(world.session, world.checkpoints, limit=limit)]


async def test_every_account_becomes_due_once_in_an_interval(world: World, sink: Sink) -> None:
    users = {(await world.connect(videos=1)).open_id for _ in range(30)}
    rounds = Counter[str]()
    for _ in range(3 * 72):  # three intervals, each ten minutes
        async for due in due_accounts(world.session, world.checkpoints):
            done = await sync_account(
                world.session, due.open_id, sink, world.checkpoints, checkpoint_id=due.checkpoint_id
            )
            assert done.state is SyncState.SYNCED
            rounds[due.open_id] += 1
        world.emulator.clock.advance(timedelta(minutes=10))
    assert set(rounds) == users
    assert set(rounds.values()) <= {2, 3}


async def test_a_lost_job_is_sent_again_and_a_slow_job_is_not_sent_each_minute(world: World) -> None:
    await world.connect()
    assert await _due(world) == []
    world.emulator.clock.advance(HALF_DAY)
    first = await _due(world)
    assert len(first) == 1
    for _ in range(9):
        world.emulator.clock.advance(timedelta(minutes=1))
        assert await _due(world) == []
    world.emulator.clock.advance(timedelta(minutes=2))
    assert await _due(world) == first


async def test_the_longest_overdue_accounts_are_first(world: World) -> None:
    for _ in range(40):
        await world.connect()
    now = world.session.clock.now()
    await _due(world)
    world.emulator.clock.advance(HALF_DAY)
    due = await _due(world)
    assert len(due) == 40
    assert due == sorted(due, key=lambda open_id: rules.slot_after(open_id, now, HALF_DAY))


async def test_a_limit_leaves_the_rest_for_the_next_time(world: World) -> None:
    users = {(await world.connect()).open_id for _ in range(25)}
    await _due(world)
    world.emulator.clock.advance(HALF_DAY)
    first, second, third = await _due(world, limit=10), await _due(world, limit=10), await _due(world, limit=10)
    # The enrolment is due as well, and takes a place.
    assert {*first, *second, *third} == users
    assert len(first) + len(second) + len(third) == 25


async def test_an_account_that_was_connected_later_is_found(world: World) -> None:
    await _due(world)
    user = await world.connect()
    found = list[str]()
    for _ in range(14):
        world.emulator.clock.advance(timedelta(hours=1))
        found += await _due(world)
    assert user.open_id in found


async def test_two_reconcilers_send_each_account_once(world: World) -> None:
    users = {(await world.connect()).open_id for _ in range(50)}
    await asyncio.gather(_due(world), _due(world))
    world.emulator.clock.advance(HALF_DAY)
    one, two = await asyncio.gather(_due(world), _due(world))
    assert sorted(one + two) == sorted(users)


async def test_invalid_arguments_raise_configuration_error(world: World) -> None:
    with pytest.raises(ConfigurationError):
        await _due(world, limit=0)


@given(open_id=st.text(min_size=1), moment=MOMENTS, every=SPANS)
def test_the_times_of_an_account_are_one_interval_apart_and_the_next_is_in_the_future(
    open_id: str, moment: datetime, every: timedelta
) -> None:
    slot = rules.slot_after(open_id, moment, every)
    assert moment < slot <= moment + every
    assert abs(rules.slot_after(open_id, slot, every) - slot - every) <= timedelta(microseconds=2)
    following = rules.next_due(open_id, moment, every)
    assert moment + every / 2 < following <= moment + every * 1.5 + timedelta(microseconds=1)


def test_half_a_million_accounts_spread_evenly_over_the_interval() -> None:
    minutes = Counter(rules.phase(f"-000{number:032x}", HALF_DAY) // timedelta(minutes=1) for number in range(500_000))
    assert len(minutes) == 720
    mean = 500_000 / 720
    # Five standard deviations of a fair spread.
    assert all(abs(count - mean) < 5 * mean**0.5 for count in minutes.values())


def test_the_pause_after_failures_grows_to_an_hour_at_most() -> None:
    pauses = [rules.pause_after(failures, HALF_DAY, 0) for failures in range(1, 40)]
    assert pauses[0] == timedelta(minutes=1)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
    assert rules.pause_after(3, HALF_DAY, 1.0) == timedelta(minutes=2)
