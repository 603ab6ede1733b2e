"""Limiters over Redis, beside their peers: calls a second, CPU of the client and of Redis, bytes a key.

    python -m benchmarks.bench_redis_limiters [calls|one_key|memory ...] [--quick]

600 calls per 60 s over 150 keys, nothing refused, by one task and by eight, on a redis-server of its own. An empty
script is the floor of a trip. Exact by Redis's clock are ours, the plain log in a sorted set, pyrate-limiter's log and
limits' moving window. How exact a fleet is: bench_fleet.py.

Goals: with 8 tasks at least 0.9 times the empty script and 1.4 times the plain log; at
least 15 times it for a whole window from a stock of permits; a full window in 4 kB; every key expires.
"""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from benchmarks._rows import Row, alone, beside, in_turns, main
from benchmarks.limiter_peers import SHARED, Case, nothing
from tests.conftest import RedisServer

KEYS = 150
OURS, FLOOR, PLAIN = "tiktok-async", "an empty script", "a plain log in a sorted set"
EMPTY = "return 0"
LOG = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2] * 1000000)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now, now .. ':' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 1000)
return 1
"""


def script(client: Redis, text: str, *arguments: int) -> Case:
    """Return a limiter that is one script; it is loaded before."""
    sha = hashlib.sha1(text.encode()).hexdigest()
    number = 0

    async def acquire(key: str) -> None:
        nonlocal number
        number += 1
        await client.evalsha(sha, 1, key, *arguments, number)  # nothing is refused here

    return Case(acquire, nothing)


def floor(_: str, client: Redis, _count: int, _per: int) -> Case:
    return script(client, EMPTY)


def plain(_: str, client: Redis, count: int, per: int) -> Case:
    return script(client, LOG, count, per)


CASES: dict[str, Callable[[str, Redis, int, int], Case]] = {FLOOR: floor, PLAIN: plain, **SHARED}


async def redis_cpu(client: Redis) -> float:
    cpu: Any = await client.info("cpu")
    return float(cpu["used_cpu_sys"]) + float(cpu["used_cpu_user"])


async def spent(case: Case, client: Redis, names: list[Any], tasks: int, each: int) -> tuple[float, float, float]:
    """Acquire and release: calls a second, client CPU and Redis CPU in microseconds a call."""

    async def work(task: int) -> None:
        for number in range(each):
            permit = await case.acquire(names[(number * tasks + task) % len(names)])
            if case.done is not None:
                case.done(permit)

    cpu, server, wall = time.process_time(), await redis_cpu(client), time.monotonic()
    await asyncio.gather(*(work(task) for task in range(tasks)))
    await case.close()  # what is still to be reported belongs to the cost
    total = tasks * each
    elapsed = time.monotonic() - wall
    used = time.process_time() - cpu
    await asyncio.sleep(0.05)
    return total / elapsed, used * 1e6 / total, (await redis_cpu(client) - server) * 1e6 / total


async def opened(url: str) -> Redis:
    client = Redis.from_url(url)
    await client.flushdb()
    for text in (EMPTY, LOG):
        await client.script_load(text)
    return client


async def many_keys(url: str, name: str, tasks: int, each: int) -> tuple[float, float, float]:
    client = await opened(url)
    case = CASES[name](url, client, 600, 60)
    names = [case.key(f"account {number:035}") for number in range(KEYS)]
    for one in names:
        await case.acquire(one)
    figures = await spent(case, client, names, tasks, each)
    await client.aclose()
    return figures


async def bursts(url: str, name: str, keys: int) -> float:
    """Return calls a second of 8 tasks that use up a window of 600, one window after the other."""
    client = await opened(url)
    case = CASES[name](url, client, 600, 60)

    async def work(name: str) -> None:
        key = case.key(name)
        for _ in range(75):
            permit = await case.acquire(key)
            if case.done is not None:
                case.done(permit)

    began = time.monotonic()
    for number in range(keys):
        await asyncio.gather(*(work(f"account {number}") for _ in range(8)))
    await case.close()
    rate = keys * 600 / (time.monotonic() - began)
    await client.aclose()
    return rate


async def full_key(url: str, name: str) -> tuple[float, float]:
    """Return the bytes of a window with 600 calls in it, and how many keys would stay for ever."""
    client = await opened(url)
    case = CASES[name](url, client, 600, 600)
    one = case.key(f"account {0:035}")
    for number in range(600):
        permit = await case.acquire(one)
        if case.done is not None and number < 599:
            case.done(permit)
    keys = await client.keys()
    size = sum([int(await client.memory_usage(key) or 0) for key in keys])
    lasting = sum([await client.ttl(key) < 0 for key in keys])
    await case.close()
    await client.aclose()
    return float(size), float(lasting)


@contextmanager
def redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory), "--appendonly", "no")
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def calls(*, quick: bool) -> list[Row]:
    def once(url: str, name: str, tasks: int) -> tuple[float, float, float]:
        return asyncio.run(many_keys(url, name, tasks, (200 if quick else 2_000) // tasks * 2))

    rows = []
    for tasks in (8, 1):
        with redis() as url:
            found = in_turns({name: partial(once, url, name, tasks) for name in CASES}, 2 if quick else 5)
        what = f"acquire and release over Redis, {tasks} task{'s' if tasks > 1 else ''}"
        rate, client, server = ({name: [run[i] for run in runs] for name, runs in found.items()} for i in range(3))
        least = {FLOOR: 0.9, PLAIN: 1.4} if tasks > 1 else {}
        for name in (name for name in CASES if name != OURS):
            goal, bar = ("4", least[name]) if name in least else ("", None)
            rows.append(beside(goal, what, "calls/s", rate[OURS], name, rate[name], at_least=bar))
        if tasks > 1:
            for where, figures in (("client CPU", client), ("Redis CPU", server)):
                rows += [
                    beside("", f"{where} a call, 8 tasks", "us", figures[OURS], name, figures[name])
                    for name in CASES
                    if name != OURS
                ]
    return rows


def one_key(*, quick: bool) -> list[Row]:
    def once(url: str, name: str) -> float:
        return asyncio.run(bursts(url, name, 2 if quick else 20))

    with redis() as url:
        found = in_turns({name: partial(once, url, name) for name in (OURS, PLAIN, FLOOR)}, 2 if quick else 5)
    what = "a whole window from a stock of permits, 8 tasks"
    return [
        beside("4", what, "calls/s", found[OURS], PLAIN, found[PLAIN], at_least=15),
        beside("", what, "calls/s", found[OURS], FLOOR, found[FLOOR]),
    ]


def memory(*, quick: bool) -> list[Row]:
    def once(url: str, name: str) -> tuple[float, float]:
        return asyncio.run(full_key(url, name))

    names = [name for name in CASES if name != FLOOR]
    with redis() as url:
        found = in_turns({name: partial(once, url, name) for name in names}, 1 if quick else 5)
    size = {name: [run[0] for run in runs] for name, runs in found.items()}
    what = "a full window of 600 calls in Redis"
    return [
        alone("4", what, "bytes", size[OURS], at_most=4_000),
        alone("4", "keys in Redis that never expire", "keys", [run[1] for run in found[OURS]], at_most=0, middle=max),
        *(beside("", what, "bytes", size[OURS], name, size[name]) for name in names if name != OURS),
    ]


if __name__ == "__main__":
    main(__doc__, {"calls": calls, "one_key": one_key, "memory": memory})
