"""A fleet of real processes, killed again and again with the Redis under it: nobody is left out, nothing twice.

With `--full`: 2,000 accounts of 100 videos, 4 workers, 10 `kill -9` of workers and 3 of redis-server, on each engine.
"""

import asyncio
import json
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientTimeout
from attrs import frozen

from tests.conftest import RedisServer
from tests.sync.fleet import Fleet, provider_process
from tests.sync.fleet_stores import FleetStores, Loss
from tiktok_async import TikTokSession


@frozen(kw_only=True)
class Scale:
    """The size of the test; times in seconds."""

    accounts: int
    videos: int
    workers: int
    worker_kills: int
    redis_kills: int
    every: float
    period: float
    timeout: float
    grace: float


# The start of processes takes most of the time of a short run.
SHORT = Scale(accounts=40, videos=50, workers=2, worker_kills=2, redis_kills=1, every=6, period=2, timeout=4, grace=200)
FULL = Scale(
    accounts=2000, videos=100, workers=4, worker_kills=10, redis_kills=3, every=120, period=30, timeout=5, grace=0
)
ENGINES = ("plain", "on_taskiq", "on_streaq")
# Seconds between TikTok's answer and the kill that prevented its save, beside the outage of Redis.
GAP = 3.0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Rotate on one engine, and with `--full` on each: a rotation does not depend on the engine."""
    full = metafunc.config.getoption("--full")
    if "rotation" in metafunc.fixturenames:
        rotating = [(engine, "strict") for engine in (ENGINES if full else ENGINES[:1])]
        metafunc.parametrize(("engine", "rotation"), [*rotating, ("plain", "grace")])
    else:
        metafunc.parametrize("engine", ENGINES)


pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.timeout(900)]


async def test_every_account_is_synced_and_every_video_is_stored_once_although_processes_are_killed(
    engine: str, tmp_path: Path, *, full: bool
) -> None:
    outcome = await _run(engine, tmp_path, FULL if full else SHORT, life=7200)
    assert outcome.losses == []
    assert outcome.counted["reuses"] == {}


async def test_only_rotations_killed_between_the_answer_and_the_save_are_lost(
    engine: str, rotation: str, tmp_path: Path, *, full: bool
) -> None:
    scale = FULL if full else SHORT
    # Answers are delayed as real ones are, so that kills happen between the rotation and its save.
    outcome = await _run(engine, tmp_path, scale, life=round(scale.every * 5 / 8), rotation=rotation, slow=0.3)
    assert all(loss.reason == "interrupted_rotation" for loss in outcome.losses)
    # TikTok had rotated each of them, and the one replay shows that no process has the answer.
    # A status of 0 is an answer that was not sent yet.
    assert all(loss.statuses in ([200, 400], [0, 400]) for loss in outcome.losses)
    assert outcome.counted["reuses"] == {loss.open_id: 1 for loss in outcome.losses}
    assert all(abs(loss.to_kill) < GAP + 2 * outcome.outage for loss in outcome.losses)
    if rotation == "grace":
        assert outcome.losses == []


@frozen
class Outcome:
    """The counts of the provider, the lost grants, and the longest outage of Redis in seconds."""

    counted: dict[str, Any]
    losses: list[Loss]
    outage: float


async def _run(
    engine: str, tmp_path: Path, scale: Scale, *, life: int, rotation: str = "strict", slow: float = 0.0
) -> Outcome:
    """Run the fleet, kill processes, wait until all work is done, and check what must always hold."""
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory, "--appendfsync", "always")
    server.start()
    videos = tmp_path / "videos.db"
    settings: dict[str, Any] = {
        "accounts": scale.accounts,
        "videos": scale.videos,
        "store": server.url,
        "rotation": rotation,
        "life": life,
        "slow": slow,
    }
    try:
        async with provider_process(settings) as (provider, environment):
            books = FleetStores(server.url, environment["TIKTOK_CLIENT_KEY"])
            environment |= {
                "REDIS_URL": server.url,
                "VIDEOS_DB": str(videos),
                "SYNC_EVERY": str(scale.every),
                "SYNC_PERIOD": str(scale.period),
                "SYNC_AGAIN_AFTER": str(scale.period),
                "SYNC_LEASE": str(scale.period / 3),
                "SYNC_TIMEOUT": str(scale.timeout),
            }
            fleet = Fleet(engine, environment, tmp_path)
            try:
                await fleet.start(scale.workers)
                while not await books.enrolled():
                    await asyncio.sleep(0.1)
                began = time.monotonic()
                outage = await _kill(fleet, server, scale)
                # The first slots of all are over, and two periods of the reconciler more. A rotation that was cut
                # off is looked at when its maker's lease is over, which is three times a request.
                waits = 3 * scale.timeout if life < scale.every else 0
                took = await _settled(books, scale.every + 2 * scale.period + waits + scale.grace, began)
                codes = await fleet.end()
            finally:
                await fleet.stop()
            async with TikTokSession(
                client_key=books.client_key,
                client_secret=environment["TIKTOK_CLIENT_SECRET"],
                base_url=environment["TIKTOK_BASE_URL"],
                store=server.url,
                timeout=ClientTimeout(total=scale.timeout),
            ) as session:
                lost = await books.lost(session)
            stored = await books.tokens()
            output, _ = await asyncio.wait_for(provider.communicate(b""), 100)
    finally:
        server.kill()
    counted = json.loads(output)
    asked_again = counted.pop("asked_again")
    losses = [Loss.of(token, asked_again, fleet.killed) for token in lost.values()]
    print(f"{engine}, {rotation}, {life} s: {len(fleet.killed)} workers killed, settled in {took:.1f} s, {counted}")  # noqa: T201 - the figures
    for loss in losses:
        print(loss)  # noqa: T201 - the figures
    assert len(stored) == scale.accounts
    assert counted["rate_limited"] == 0
    # A restarted worker may get SIGTERM before it is ready, with no running work; `test_ending` has stricter checks
    # for busy workers.
    assert set(codes) <= {0, -signal.SIGTERM}
    _check_videos(videos, set(stored) - set(lost), scale)
    return Outcome(counted, losses, outage)


async def _kill(fleet: Fleet, server: RedisServer, scale: Scale) -> float:
    """Kill workers and the server while the first rounds are made, at moments that differ each time.

    Returns:
        The seconds that Redis was away, at the longest.
    """
    chance, outage = random.Random(), 0.0
    kills = ["worker"] * scale.worker_kills + ["redis"] * scale.redis_kills
    chance.shuffle(kills)
    began, part = time.monotonic(), scale.every / len(kills)
    for number, what in enumerate(kills):
        await asyncio.sleep(max(0.0, began + part * (number + chance.random()) - time.monotonic()))
        if what == "worker":
            fleet.kill_worker(number % scale.workers)
        else:
            gone = time.monotonic()
            server.kill()
            await asyncio.sleep(0.3)
            server.start()
            outage = max(outage, time.monotonic() - gone)
    return outage


async def _settled(books: FleetStores, patience: float, began: float) -> float:
    """Wait until each account has been synced, or has lost its grant; return how many seconds that took."""
    left = dict.fromkeys(await books.tokens(), "")
    while left := await books.waiting(left):
        took = time.monotonic() - began
        assert took < patience, f"left after {took:.0f} s: {left}"
        await asyncio.sleep(0.5)
    return time.monotonic() - began


def _check_videos(path: Path, open_ids: set[str], scale: Scale) -> None:
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT open_id, count(*), count(DISTINCT id) FROM videos GROUP BY 1").fetchall()
    counts = {open_id: (rows, ids) for open_id, rows, ids in found}
    assert {open_id: counts.get(open_id) for open_id in open_ids} == dict.fromkeys(
        open_ids, (scale.videos, scale.videos)
    )
