"""The emulator's clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tiktok_async.abc import Clock  # noqa: TC001 - the annotation is the test
from tiktok_async.emulator import MovableClock


async def test_a_movable_clock_is_a_clock_of_the_sdk() -> None:
    clock: Clock = MovableClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().tzinfo is UTC
    assert 0 <= clock.random() < 1


async def test_a_sleep_ends_when_the_clock_is_moved_and_when_time_passes() -> None:
    clock = MovableClock()
    far = asyncio.ensure_future(clock.sleep(3600))
    await asyncio.wait_for(clock.sleep(0.01), 50)
    assert not far.done()
    clock.advance(timedelta(minutes=59))
    await asyncio.sleep(0.01)
    assert not far.done()
    clock.advance(timedelta(minutes=1))
    await asyncio.wait_for(far, 50)
    assert not clock.timers


async def test_callbacks_run_in_order_and_not_after_they_are_cancelled() -> None:
    clock = MovableClock()
    ran: list[str] = []
    clock.call_later(20, lambda: ran.append("second"))
    clock.call_later(10, lambda: ran.append("first"))
    clock.call_later(15, lambda: ran.append("never")).cancel()
    clock.advance(30)
    assert ran == []
    await asyncio.sleep(0.01)
    assert ran == ["first", "second"]


async def test_a_cancelled_sleep_leaves_no_timer() -> None:
    clock = MovableClock()
    sleeper = asyncio.ensure_future(clock.sleep(3600))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert not clock.timers


def test_the_clock_never_moves_back() -> None:
    clock = MovableClock()
    with pytest.raises(ValueError, match="ahead"):
        clock.advance(-1)


def test_both_times_move_together() -> None:
    clock = MovableClock()
    now, monotonic = clock.now(), clock.monotonic()
    clock.advance(timedelta(days=200))
    assert (clock.now() - now).total_seconds() == pytest.approx(200 * 86400, abs=60)
    assert clock.monotonic() - monotonic == pytest.approx(200 * 86400, abs=60)


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert MovableClock(seed=3).random() == MovableClock(seed=3).random()
