"""Limiters inside one process, beside their peers: speed, a thousand waiters, accuracy, memory.

    python -m benchmarks.bench_limiters [speed|waiters|accuracy|memory ...] [--rounds 5]

The peers take turns, so that a busy machine slows all of them; tables show medians, and ratios are medians of the
ratios within a round. Memory is taken from a fresh process for each. Exact are ours, pyrate-limiter's log and limits'
moving window; the others let more calls through than a sliding window allows.
"""

import argparse
import asyncio
import gc
import itertools
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.limiter_peers import LOCAL, Case
from tiktok_async.models import Limit
from tiktok_async.testing import StrictWindow

Measure = Callable[[Case], Awaitable[tuple[float, ...]]]


async def speed(case: Case) -> tuple[float, ...]:
    """CPU microseconds of an acquire and release that need not wait: one key, then a thousand in turn."""
    results = []
    for keys in (1, 1_000):
        names = [case.key(f"account {keys} {number:030}") for number in range(keys)]
        done = case.done
        rounds = 400 if keys == 1 else 4
        for name in names[: keys - 1] or names[:0]:
            await case.acquire(name)
        start = time.process_time()
        for _ in range(rounds):
            for name in names:
                permit = await case.acquire(name)
                if done is not None:
                    done(permit)
            if keys > 1:
                await asyncio.sleep(0)
        results.append((time.process_time() - start) * 1e6 / (rounds * keys))
    return tuple(results)


async def waiters(case: Case) -> tuple[float, ...]:
    """A thousand tasks on one key, 500 a second, 3 calls each: CPU microseconds, share of the rate, out of order."""
    served: list[int] = []
    name = case.key("account")

    tickets = itertools.count()

    async def call() -> None:
        for _ in range(3):
            ticket = next(tickets)
            permit = await case.acquire(name)
            served.append(ticket)
            if case.done is not None:
                case.done(permit)

    begin, start = time.monotonic(), time.process_time()
    await asyncio.gather(*(call() for _ in range(1_000)))
    cpu, wall = time.process_time() - start, time.monotonic() - begin
    overtaken = sum(later < earlier for earlier, later in itertools.pairwise(served))
    return cpu * 1e6 / 3_000, 100 * 5.0 / wall, 100 * overtaken / 3_000


async def accuracy(case: Case) -> tuple[float, ...]:
    """200 tasks for 6 s, 100 a second, 0 to 20 ms each way: percent refused by a strict server, share of the rate."""
    window = StrictWindow(Limit(100, timedelta(seconds=1)))
    end = time.monotonic() + 6
    name = case.key("account")

    async def call() -> None:
        while time.monotonic() < end:
            permit = await case.acquire(name)
            await asyncio.sleep(random.random() * 0.02)
            window.arrive(time.monotonic())
            await asyncio.sleep(random.random() * 0.02)
            if case.done is not None:
                case.done(permit)

    await asyncio.gather(*(call() for _ in range(200)))
    spans = [later - earlier for earlier, later in zip(window.arrivals, window.arrivals[100:], strict=False)]
    share = 100 * len(spans) / sum(spans) if spans else 0.0
    return 100 * window.refused / (window.refused + window.taken), share


def resident() -> int:
    """Return this process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def memory(case: Case, keys: int, fill: int) -> float:
    """Bytes of resident memory a key with *fill* calls in its window."""
    gc.collect()
    before = resident()
    for number in range(keys):
        name = case.key(f"account {number:035}")
        for _ in range(fill):
            permit = await case.acquire(name)
            if case.done is not None:
                case.done(permit)
    permit = None
    gc.collect()
    return (resident() - before) / keys


async def one_memory(name: str, keys: int, fill: int) -> None:
    case = LOCAL[name](600, 600)  # long enough that nothing leaves while it is filled
    print(await memory(case, keys, fill))
    await case.close()


def memory_table() -> None:
    print("\n| resident memory | idle key, bytes | full key (600), bytes | 100,000 full, MiB |\n|---|---|---|---|")
    for name in LOCAL:
        cells = []
        for keys, fill in ((20_000, 1), (100_000 if name == "tiktok-async" else 300, 600)):
            command = (sys.executable, "-m", "benchmarks.bench_limiters", "--one", name, str(keys), str(fill))
            cells.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]))
        print(f"| {name} | {cells[0]:,.0f} | {cells[1]:,.0f} | {cells[1] * 100_000 / 2**20:,.0f} |", flush=True)


def table(title: str, columns: list[str], measure: Measure, *, limit: tuple[int, int], rounds: int) -> None:
    async def once(name: str) -> tuple[float, ...]:
        case = LOCAL[name](*limit)
        try:
            return await measure(case)
        finally:
            await case.close()

    results: dict[str, list[tuple[float, ...]]] = {name: [] for name in LOCAL}
    for turn in range(rounds):
        names = list(LOCAL)
        for name in names if turn % 2 else reversed(names):
            results[name].append(asyncio.run(once(name)))
    print(f"\n| {title} | {' | '.join(columns)} | x ours |\n|{'---|' * (len(columns) + 2)}")
    for name, runs in results.items():
        medians = [statistics.median(column) for column in zip(*runs, strict=True)]
        pairs = zip(runs, results["tiktok-async"], strict=True)
        ratio = statistics.median(theirs[0] / mine[0] if mine[0] else 1.0 for theirs, mine in pairs)
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in medians)} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=["speed", "waiters", "accuracy", "memory"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=3)
    options = parser.parse_args()
    if options.one:
        asyncio.run(one_memory(options.one[0], int(options.one[1]), int(options.one[2])))
        sys.exit()
    if "speed" in options.cases:
        table("uncontended", ["CPU us, 1 key", "CPU us, 1,000 keys"], speed, limit=(600, 60), rounds=options.rounds)
    if "waiters" in options.cases:
        table(
            "1,000 waiters", ["CPU us", "% of rate", "% out of order"], waiters, limit=(500, 1), rounds=options.rounds
        )
    if "accuracy" in options.cases:
        table("strict server", ["% refused", "% of rate"], accuracy, limit=(100, 1), rounds=min(options.rounds, 3))
    if "memory" in options.cases:
        memory_table()
