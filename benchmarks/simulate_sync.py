"""A fleet of 500,000 creators on paper and in Redis: how evenly the work spreads, and what it costs.

    python benchmarks/simulate_sync.py [--accounts 500000] [--records 50000] [--synced 300]

The schedule is simulated minute by minute for every account, by the rules that the library uses. Memory is measured in
a real redis-server with *records* tokens and checkpoints, and the round trips by syncing *synced* accounts through it.
"""

import argparse
import asyncio
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

from tiktok_async import AccountKey, Checkpoint, Secret, Token, due_accounts, sync_account
from tiktok_async.emulator import Emulator
from tiktok_async.stores import RedisCheckpointStore, RedisTokenStore
from tiktok_async.sync import SyncPage
from tiktok_async.sync import _rules as rules

HALF_DAY = timedelta(hours=12)
MINUTE = timedelta(minutes=1)
RECENT = 20  # videos within the look-back, a creator
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def open_id_of(number: int) -> str:
    """Return an open_id of TikTok's length."""
    return f"-000{number * 2654435761 % 2**128:032x}"


def schedule(accounts: int) -> None:
    """Let each account be synced through a day, late by up to a minute, and count the minutes they fall into."""
    minutes: Counter[int] = Counter()
    gaps = []
    for number in range(accounts):
        open_id = open_id_of(number)
        moment, previous = NOW, None
        while (moment := rules.next_due(open_id, moment, HALF_DAY)) < NOW + 3 * HALF_DAY:
            moment += MINUTE * (number % 60) / 60
            minutes[(moment - NOW) // MINUTE] += 1
            if previous is not None and number % 50 == 0:
                gaps.append((moment - previous) / timedelta(hours=1))
            previous = moment
    steady = [minutes[minute] for minute in range(18 * 60, 30 * 60)]
    mean = statistics.mean(steady)
    print(f"accounts synced a minute: mean {mean:,.1f}, least {min(steady):,}, most {max(steady):,}", end="")
    print(f", deviation {statistics.stdev(steady):.1f} (chance alone: {mean**0.5:.1f})")
    print(f"hours between two syncs of one account: {min(gaps):.2f} to {max(gaps):.2f}")
    print(f"busiest minute: {max(steady) / 60:.1f} accounts a second")
    for name, life in (("2 h tokens", 2), ("24 h tokens", 24)):
        on_demand, ahead = accounts / max(12, life) / 3600, accounts / (life * 0.9) / 3600
        print(f"{name}: {on_demand:.1f} refreshes a second on demand, {ahead:.1f} with keep_fresh")


async def memory(url: str, records: int, accounts: int) -> None:
    """Fill Redis and read its memory figures."""
    async with Redis.from_url(url) as redis:
        sizes = [await used(redis)]
        tokens = RedisTokenStore(url, on_unsafe=None)
        for start in range(0, records, 1000):
            await asyncio.gather(
                *(tokens.put(token(number), expected_version=None) for number in range(start, start + 1000))
            )
        sizes.append(await used(redis))
        checkpoints = RedisCheckpointStore(url)
        for start in range(0, records, 1000):
            await checkpoints.add([checkpoint(number) for number in range(start, start + 1000)])
        sizes.append(await used(redis))
        await tokens.aclose()
        began = time.perf_counter()
        taken = await checkpoints.take_due("app", before=NOW + HALF_DAY, until=NOW + 2 * HALF_DAY, limit=1000)
        each = (time.perf_counter() - began) / len(taken) * 1e6
        await checkpoints.aclose()
        names = ("token and its indexes", f"checkpoint with {RECENT} recent videos and its index")
        for name, before, after in zip(names, sizes, sizes[1:], strict=False):
            size = (after - before) / records
            print(f"{name}: {size:,.0f} bytes, {size * accounts / 2**20:,.0f} MiB for {accounts:,}")
        print(f"handing out a due account: {each:.0f} us")
        await redis.flushdb()


async def used(redis: "Redis") -> int:
    """Return how much memory the data take, in bytes."""
    info = await redis.info("memory")
    return int(info["used_memory_dataset"]) + int(info["used_memory_overhead"])


def token(number: int) -> Token:
    """Return a token of TikTok's size."""
    return Token(
        key=AccountKey("app", open_id_of(number)),
        access_token=Secret(f"act.{number:060d}!4521.va"),
        refresh_token=Secret(f"rft.{number:060d}!4523.va"),
        scopes=frozenset({"user.info.basic", "video.list"}),
        expires_at=NOW + timedelta(hours=2),
        refresh_expires_at=datetime.now(UTC) + timedelta(days=180),
        updated_at=NOW,
    )


def checkpoint(number: int) -> Checkpoint:
    """Return a checkpoint between two rounds."""
    return Checkpoint(
        key=AccountKey("app", open_id_of(number)),
        due_at=rules.slot_after(open_id_of(number), NOW, HALF_DAY),
        round=7,
        watermark=NOW,
        known={str(7_080_213_458_555_737_986 + n): (1_793_491_200 + n, 4_294_967_295 - n) for n in range(RECENT)},
        synced_at=NOW,
    )


async def operations(url: str, synced: int, accounts: int) -> None:
    """Sync accounts through Redis and count its commands."""

    async def handler(page: SyncPage) -> None:
        del page

    sent = count_trips()
    async with Emulator() as emulator, Redis.from_url(url) as redis:
        checkpoints = RedisCheckpointStore(url, clock=emulator.clock)
        async with emulator.session(store=url, limiter=url) as session:
            tokens = RedisTokenStore(url)
            now = emulator.clock.now()
            for _ in range(synced):
                user = emulator.add_user(videos=RECENT)
                key = AccountKey(emulator.client_key, user.open_id)
                reply = emulator.grant(user)
                fresh = Token(
                    key=key,
                    access_token=Secret(reply["access_token"]),
                    refresh_token=Secret(reply["refresh_token"]),
                    scopes=frozenset(reply["scope"].split(",")),
                    expires_at=now + timedelta(hours=2),
                    refresh_expires_at=now + timedelta(days=180),
                    updated_at=now,
                )
                await tokens.put(fresh, expected_version=None)
            await tokens.aclose()
            assert not [due async for due in due_accounts(session, checkpoints)]
            for name, moved in (("a first round, its token refreshed", 0), ("a later round, likewise", 1)):
                emulator.clock.advance(HALF_DAY * (1 + moved))
                await redis.config_resetstat()
                sent.clear()
                done = 0
                async for due in due_accounts(session, checkpoints):
                    await sync_account(session, due.open_id, handler, checkpoints, checkpoint_id=due.checkpoint_id)
                    done += 1
                await asyncio.sleep(0.5)  # what the limiter reports late
                trips, stats = sent.total(), await redis.info("commandstats")
                # What scripts call is in the scripts' time as well.
                spent = sum(stats.get(f"cmdstat_{name}", {"usec": 0})["usec"] for name in ("evalsha", "eval")) / done
                rate = trips / done * accounts / HALF_DAY.total_seconds()
                print(
                    f"{name}: {trips / done:.1f} round trips and {spent:.0f} us of scripts an account; {rate:,.0f} "
                    f"trips a second for {accounts:,}, {spent / 1e6 * accounts / 43_200:.1%} of a core"
                )
        await checkpoints.aclose()


def count_trips() -> Counter[str]:
    """Count what is sent to Redis from now on, a pipeline as one."""
    sent: Counter[str] = Counter()
    send = AbstractConnection.send_packed_command

    async def counting(connection: AbstractConnection, command: Any, check_health: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 - as there
        sent["trips"] += 1
        await send(connection, command, check_health)

    AbstractConnection.send_packed_command = counting  # type: ignore[method-assign,assignment]  # all go through it
    return sent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500_000)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--synced", type=int, default=300)
    arguments = parser.parse_args()
    schedule(arguments.accounts)
    binary = shutil.which("redis-server")
    assert binary, "the memory is measured in a redis-server"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        try:
            time.sleep(1)
            url = f"redis://127.0.0.1:{port}/0"
            asyncio.run(memory(url, arguments.records, arguments.accounts))
            asyncio.run(operations(url, arguments.synced, arguments.accounts))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
