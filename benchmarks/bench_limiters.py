"""Limiters inside one process, beside their peers: speed, a thousand waiters, accuracy, memory.

    python -m benchmarks.bench_limiters [speed|waiters|accuracy|memory ...] [--quick]

Memory is taken from a fresh process for each. Exact by their own clock are ours, the plain deque log, asyncio-throttle,
pyrate-limiter's log and limits' moving window; the others let more calls through than a sliding window allows.

Goals, beside the plain deque log: an uncontended acquire and release at most 2.0 times its cost, and less than
aiolimiter's; with a thousand waiters at most 1.3 times, in order, at 99.5 % of the rate. Nothing refused by a strict
server, at 97 % of the rate. A full window of 600 in 3 kB, an idle one in 300 bytes.
"""

import asyncio
import gc
import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks._rows import Row, alone, beside, in_turns, main
from benchmarks.limiter_peers import LOCAL, Case
from tiktok_async.models import Limit
from tiktok_async.testing import StrictWindow

OURS = "tiktok-async"
Measure = Callable[[Case], Awaitable[tuple[float, ...]]]
Figures = dict[str, list[tuple[float, ...]]]


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
    """A thousand tasks on one key, 500 a second, 2 calls each: CPU microseconds, share of the rate, out of order."""
    served: list[int] = []
    name = case.key("account")

    tickets = itertools.count()

    async def call() -> None:
        for _ in range(2):
            ticket = next(tickets)
            permit = await case.acquire(name)
            served.append(ticket)
            if case.done is not None:
                case.done(permit)

    begin, start = time.monotonic(), time.process_time()
    await asyncio.gather(*(call() for _ in range(1_000)))
    cpu, wall = time.process_time() - start, time.monotonic() - begin
    overtaken = sum(later < earlier for earlier, later in itertools.pairwise(served))
    return cpu * 1e6 / 2_000, 100 * 3.0 / wall, 100 * overtaken / 2_000


async def accuracy(case: Case) -> tuple[float, ...]:
    """120 tasks for 3 s, 100 a second, 0 to 20 ms each way: percent refused by a strict server, share of the rate."""
    window = StrictWindow(Limit(100, timedelta(seconds=1)))
    end = time.monotonic() + 3
    name = case.key("account")

    async def call() -> None:
        while time.monotonic() < end:
            permit = await case.acquire(name)
            await asyncio.sleep(random.random() * 0.02)
            window.arrive(time.monotonic())
            await asyncio.sleep(random.random() * 0.02)
            if case.done is not None:
                case.done(permit)

    await asyncio.gather(*(call() for _ in range(120)))
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
    # A system that takes cold pages away may leave less than there was before.
    return max(resident() - before, os.sysconf("SC_PAGE_SIZE")) / keys


async def one_memory(name: str, keys: int, fill: int) -> None:
    case = LOCAL[name](600, 600)  # long enough that nothing leaves while it is filled
    print(await memory(case, keys, fill))
    await case.close()


def fresh_memory(name: str, keys: int, fill: int) -> float:
    """Measure in a process of its own: what one frees is not what the next one takes."""
    command = (sys.executable, "-m", "benchmarks.bench_limiters", "--one", name, str(keys), str(fill))
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def measured(measure: Measure, names: list[str], limit: tuple[int, int], rounds: int) -> Figures:
    async def run(name: str) -> tuple[float, ...]:
        case = LOCAL[name](*limit)
        try:
            return await measure(case)
        finally:
            await case.close()

    def once(name: str) -> tuple[float, ...]:
        return asyncio.run(run(name))

    return in_turns({name: partial(once, name) for name in names}, rounds)


def column(figures: Figures, number: int) -> dict[str, list[float]]:
    return {name: [one[number] for one in rounds] for name, rounds in figures.items()}


def costs(goal: str, what: str, figures: dict[str, list[float]], most: dict[str, float]) -> list[Row]:
    """Return the rows of a cost beside every peer; *most* has the bars of those for which there is one."""
    mine = figures[OURS]
    return [
        beside(goal if name in most else "", what, "us CPU", mine, name, theirs, at_most=most.get(name))
        for name, theirs in figures.items()
        if name != OURS
    ]


def speed_rows(*, quick: bool) -> list[Row]:
    figures = measured(speed, list(LOCAL), (600, 60), 2 if quick else 11)
    seventh = 1 / 7
    most = {
        "a plain deque log": 2.0,
        "aiolimiter": 1.0,
        "limits moving window": seventh,
        "pyrate-limiter log": seventh,
    }
    return [
        *costs("3b", "acquire and release, one key", column(figures, 0), most),
        *costs("", "acquire and release, a thousand keys in turn", column(figures, 1), {}),
    ]


def waiters_rows(*, quick: bool) -> list[Row]:
    figures = measured(waiters, list(LOCAL), (500, 1), 1 if quick else 5)
    most = {
        "a plain deque log": 1.3,
        "pyrate-limiter log": 1 / 3,
        "aiolimiter": 1 / 10,
        "asyncio-throttle": 1 / 60,
    }
    share, overtaken = column(figures, 1), column(figures, 2)
    return [
        *costs("3c", "a call of a thousand waiters on one key", column(figures, 0), most),
        alone("3c", "of the rate with a thousand waiters", "%", share[OURS], at_least=99.5),
        alone("3c", "served out of order", "%", overtaken[OURS], at_most=0, middle=max),
        *(
            alone("", what, "%", values[OURS], peer=name, theirs=values[name])
            for what, values in (("of the rate with a thousand waiters", share), ("served out of order", overtaken))
            for name in values
            if name != OURS
        ),
    ]


def accuracy_rows(*, quick: bool) -> list[Row]:
    figures = measured(accuracy, list(LOCAL), (100, 1), 1 if quick else 5)
    refused, share = column(figures, 0), column(figures, 1)
    what = ("refused by a strict server, 0 to 20 ms each way", "of the rate there, 0 to 20 ms each way")
    return [
        alone("3a", what[0], "%", refused[OURS], at_most=0, middle=max),
        alone("3a", what[1], "%", share[OURS], at_least=97),
        *(
            alone("", name, "%", values[OURS], peer=peer, theirs=values[peer])
            for name, values in zip(what, (refused, share), strict=True)
            for peer in values
            if peer != OURS
        ),
    ]


def memory_rows(*, quick: bool) -> list[Row]:
    keys = {name: 100_000 if name == OURS and not quick else 300 for name in LOCAL}
    full = in_turns({name: partial(fresh_memory, name, keys[name], 600) for name in LOCAL}, 1)
    idle = in_turns({name: partial(fresh_memory, name, 20_000, 1) for name in LOCAL}, 1 if quick else 5)
    rows = [
        alone("3d", "a full window of 600 calls", "bytes", full[OURS], at_most=3_000),
        alone("3d", "a window with one call in it", "bytes", idle[OURS], at_most=300),
        alone("3d", "100,000 full windows", "MiB", [one * 100_000 / 2**20 for one in full[OURS]], at_most=300),
    ]
    return rows + [
        beside("", what, "bytes", values[OURS], name, values[name])
        for what, values in (("a full window of 600 calls", full), ("a window with one call in it", idle))
        for name in values
        if name != OURS
    ]


if __name__ == "__main__":
    if "--one" in sys.argv:
        asyncio.run(one_memory(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    else:
        main(__doc__, {"speed": speed_rows, "waiters": waiters_rows, "accuracy": accuracy_rows, "memory": memory_rows})
