"""A fleet of real processes, killed again and again with the Redis under it: nobody is left out, nothing twice.

With `--full`: 2,000 accounts of 100 videos, 4 workers, 10 `kill -9` of workers and 3 of redis-server, on each engine.
"""

import asyncio
import json
import os
import random
import sqlite3
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from tests.conftest import RedisServer
from tiktok_async.abc import CheckpointStore, TokenStore
from tiktok_async.models import AccountKey, TokenState
from tiktok_async.stores import open_checkpoints, open_store

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@frozen(kw_only=True)
class Scale:
    """How much of it."""

    accounts: int
    videos: int
    workers: int
    worker_kills: int
    redis_kills: int
    every: float
    period: float


# The processes have to start, on machines that have other things to do; and a rotation that was cut off is looked at
# when its lease is over.
GRACE, LEASE = 45.0, 90.0
SHORT = Scale(accounts=60, videos=50, workers=2, worker_kills=2, redis_kills=1, every=12, period=3)
FULL = Scale(accounts=2000, videos=100, workers=4, worker_kills=10, redis_kills=3, every=120, period=60)


class Fleet:
    """The workers and the scheduler; one that ends is started anew, as compose or systemd would."""

    def __init__(self, engine: str, environment: dict[str, str], log: Path) -> None:
        self._engine = engine
        self._environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
        self._log = log
        self._processes: dict[str, Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self.kills = 0

    async def start(self, workers: int) -> None:
        """Start the scheduler and some workers."""
        for name in ["scheduler", *(f"worker-{number}" for number in range(workers))]:
            self._keepers.append(asyncio.create_task(self._keep(name)))
        while len(self._processes) <= workers:
            await asyncio.sleep(0.05)

    async def _keep(self, name: str) -> None:
        while True:
            with (self._log / f"{name}.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    f"bulk_sync.{name.partition('-')[0]}",
                    self._engine,
                    cwd=EXAMPLES,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                )
            self._processes[name] = process
            await process.wait()
            await asyncio.sleep(0.2)

    def kill_worker(self, number: int) -> None:
        """End a worker as `kill -9` does."""
        process = self._processes[f"worker-{number}"]
        if process.returncode is None:
            process.kill()
            self.kills += 1

    async def stop(self) -> None:
        """End all of them."""
        for keeper in self._keepers:
            keeper.cancel()
        for process in self._processes.values():
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def _provider(settings: dict[str, Any]) -> AsyncIterator[tuple[Process, dict[str, str]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sync.provider",
        json.dumps(settings),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.slow
@pytest.mark.redis
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("engine", "rotation", "life"),
    [
        # A token's life as it is. Strict rotation has a gap that no client can close: who is killed between TikTok's
        # answer and the store's loses a rotation. With lives of 75 s every job rotates, so there the provider is
        # lenient, and each rotation that was cut off has to be made good.
        ("plain", "strict", 7200),
        ("on_taskiq", "strict", 7200),
        ("on_streaq", "strict", 7200),
        ("plain", "grace", 75),
    ],
)
async def test_every_account_is_synced_and_every_video_stored_once_whatever_is_killed(
    engine: str, rotation: str, life: int, tmp_path: Path, *, full: bool
) -> None:
    scale = FULL if full else SHORT
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory, "--appendfsync", "always")
    server.start()
    videos = tmp_path / "videos.db"
    sizes: dict[str, Any] = {"accounts": scale.accounts, "videos": scale.videos}
    try:
        async with _provider({**sizes, "store": server.url, "rotation": rotation, "life": life}) as (
            provider,
            environment,
        ):
            fleet = Fleet(
                engine,
                {
                    **environment,
                    "REDIS_URL": server.url,
                    "VIDEOS_DB": str(videos),
                    "SYNC_EVERY": str(scale.every),
                    "SYNC_PERIOD": str(scale.period),
                    "SYNC_AGAIN_AFTER": str(scale.period),
                    "SYNC_LEASE": str(scale.period),
                },
                tmp_path,
            )
            try:
                began = time.monotonic()
                await fleet.start(scale.workers)
                await _kill(fleet, server, scale)
                patience = scale.every + 2 * scale.period + GRACE + (LEASE if rotation == "grace" else 0)
                took = await _settled(server.url, environment["TIKTOK_CLIENT_KEY"], patience, began)
            finally:
                await fleet.stop()
            said, _ = await asyncio.wait_for(provider.communicate(b""), 60)
            counted = json.loads(said)
        print(f"{engine}, {rotation}: {fleet.kills} workers killed, settled in {took:.1f} s, {counted}")  # noqa: T201 - the figures
        await _check(server.url, environment["TIKTOK_CLIENT_KEY"], videos, scale)
        assert counted["rate_limited"] == 0
    finally:
        server.kill()


async def _kill(fleet: Fleet, server: RedisServer, scale: Scale) -> None:
    """Kill workers and the server while the first rounds are made, at moments that differ each time."""
    chance = random.Random()
    kills = ["worker"] * scale.worker_kills + ["redis"] * scale.redis_kills
    chance.shuffle(kills)
    for number, what in enumerate(kills):
        await asyncio.sleep(scale.every / len(kills) * (0.5 + chance.random()))
        if what == "worker":
            fleet.kill_worker(number % scale.workers)
        else:
            server.kill()
            await asyncio.sleep(0.3)
            server.start()


async def _settled(url: str, client_key: str, patience: float, began: float) -> float:
    """Wait until all have been synced: the first slots of all are over, and two periods of the reconciler more."""
    tokens, checkpoints = open_store(url), open_checkpoints(url)
    try:
        while await _unsynced(tokens, checkpoints, client_key):
            took = time.monotonic() - began
            assert took < patience, f"{await _unsynced(tokens, checkpoints, client_key)} left after {took:.0f} s"
            await asyncio.sleep(0.5)
    finally:
        await tokens.aclose()
        await checkpoints.aclose()
    return time.monotonic() - began


async def _unsynced(tokens: TokenStore, checkpoints: CheckpointStore, client_key: str) -> int:
    count = 0
    async for key in tokens.keys(client_key):
        checkpoint = await checkpoints.get(AccountKey(client_key, key.open_id))
        count += checkpoint is None or checkpoint.round == 0
    return count


async def _check(url: str, client_key: str, videos: Path, scale: Scale) -> None:
    tokens, checkpoints = open_store(url), open_checkpoints(url)
    keys = [key async for key in tokens.keys(client_key)]
    assert len(keys) == scale.accounts
    stored = [await tokens.get(key) for key in keys]
    assert all(token is not None and token.state is TokenState.ACTIVE for token in stored)
    assert await _unsynced(tokens, checkpoints, client_key) == 0
    await tokens.aclose()
    await checkpoints.aclose()
    with closing(sqlite3.connect(videos)) as database:
        found = database.execute("SELECT open_id, count(*), count(DISTINCT id) FROM videos GROUP BY 1").fetchall()
    counts = {open_id: (rows, ids) for open_id, rows, ids in found}
    assert len(counts) == scale.accounts
    assert set(counts.values()) == {(scale.videos, scale.videos)}
