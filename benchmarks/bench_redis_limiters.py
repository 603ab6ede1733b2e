"""Limiters over Redis, beside their peers: calls a second, CPU of the client and of Redis, bytes a key.

    python -m benchmarks.bench_redis_limiters [--redis redis://127.0.0.1:6379/0] [--rounds 5]

600 calls per 60 s over 150 keys, nothing refused, by one task and by eight. Redis should be private to the run: its
CPU is read from INFO, and its database is emptied. An empty script is the floor of one trip. Exact are ours,
pyrate-limiter's log and limits' moving window. How exact a fleet is: benchmarks/limiter_fleet.py.
"""

import argparse
import asyncio
import statistics
import time
from typing import Any

from redis.asyncio import Redis

from benchmarks.limiter_peers import SHARED, Case, nothing

KEYS = 150


def empty_script(_: str, client: Redis, *_limit: int) -> Case:
    return Case(lambda key: client.eval("return 0", 1, key), nothing)


CASES = {"floor: an empty script": empty_script, **SHARED}


async def redis_cpu(client: Redis) -> float:
    cpu: Any = await client.info("cpu")
    return float(cpu["used_cpu_sys"]) + float(cpu["used_cpu_user"])


async def calls(case: Case, client: Redis, tasks: int, each: int) -> tuple[float, float, float]:
    """Acquire and release over all keys: calls a second, client CPU and Redis CPU in microseconds a call."""
    names = [case.key(f"account {number:035}") for number in range(KEYS)]

    async def work(task: int) -> None:
        for number in range(each):
            permit = await case.acquire(names[(number * tasks + task) % KEYS])
            if case.done is not None:
                case.done(permit)

    cpu, server, wall = time.process_time(), await redis_cpu(client), time.monotonic()
    await asyncio.gather(*(work(task) for task in range(tasks)))
    await case.close()  # what is still to be reported belongs to the cost
    total = tasks * each
    elapsed = time.monotonic() - wall
    spent = time.process_time() - cpu
    await asyncio.sleep(0.05)
    return total / elapsed, spent * 1e6 / total, (await redis_cpu(client) - server) * 1e6 / total


async def full_key(case: Case, client: Redis) -> float:
    """Return the bytes of a window with 600 calls in it."""
    await client.flushdb()
    name = case.key(f"account {0:035}")
    for _ in range(599):
        permit = await case.acquire(name)
        if case.done is not None:
            case.done(permit)
    await case.acquire(name)
    sizes = [int(await client.memory_usage(key) or 0) for key in await client.keys()]
    return float(sum(sizes))


async def once(url: str, name: str) -> list[float]:
    client = Redis.from_url(url)
    row: list[float] = []
    for tasks, each in ((1, 2_000), (8, 1_000)):
        await client.flushdb()
        case = CASES[name](url, client, 600, 60)
        for number in range(KEYS):
            await case.acquire(case.key(f"account {number:035}"))
        row.extend(await calls(case, client, tasks, each))
    case = CASES[name](url, client, 600, 600)
    row.append(await full_key(case, client))
    await case.close()
    await client.aclose()
    return row


def main(url: str, rounds: int) -> None:
    results: dict[str, list[list[float]]] = {name: [] for name in CASES}
    for turn in range(rounds):
        for name in CASES if turn % 2 else reversed(CASES):
            results[name].append(asyncio.run(once(url, name)))
    columns = (
        "calls/s, 1 task",
        "client us",
        "Redis us",
        "calls/s, 8 tasks",
        "client us",
        "Redis us",
        "full key, bytes",
    )
    print(f"| {' | '.join(('600 per 60 s', *columns))} | x ours (8 tasks) |\n|{'---|' * (len(columns) + 2)}")
    for name, runs in results.items():
        cells = " | ".join(f"{statistics.median(column):,.1f}" for column in zip(*runs, strict=True))
        ratio = statistics.median(
            theirs[3] / mine[3] for theirs, mine in zip(runs, results["tiktok-async"], strict=True)
        )
        print(f"| {name} | {cells} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    main(options.redis, options.rounds)
