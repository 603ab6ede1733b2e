"""One process, and four on one server, against a strict window with random delays: what is refused, what is wasted.

    python -m benchmarks.bench_fleet [--quick]

100 calls a second, 0 to 20 ms each way; the server is a process of its own and counts a call when its bytes arrive.
Goals: nothing refused; at least 97 % of the permitted rate by one process, 95 % by four.
"""

import statistics
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from benchmarks._rows import Row, alone, main
from benchmarks.limiter_fleet import run
from tests.conftest import RedisServer
from tests.postgres_server import PostgresServer


def runs(processes: int, server: str | None, *, quick: bool) -> list[dict[str, Any]]:
    """Run it again and again, each time with a window of its own."""
    options = Namespace(
        server=server, processes=processes, count=100, per=1.0, tasks=200, seconds=2.5 if quick else 6.5
    )
    return [run(options) for _ in range(2 if quick else 5)]


def rows(goal: str, who: str, found: list[dict[str, Any]], least: float) -> list[Row]:
    share = [100 * one["share_of_permitted_rate"] for one in found]
    refused = [one["refused"] for one in found]
    cpu = statistics.median(one["client_cpu_us_per_call"] for one in found)
    print(f"{who}: {[f'{value:.1f} %' for value in share]} of the rate, {cpu:.0f} us of client CPU a call")
    return [
        alone(goal, f"refused by a strict server, {who}", "calls", refused, at_most=0, middle=max),
        alone(goal, f"of the permitted rate, {who}", "%", share, at_least=least),
    ]


def one(*, quick: bool) -> list[Row]:
    return rows("3a", "one process", runs(1, None, quick=quick), 97)


def four(*, quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory), "--appendonly", "no")
        server.start()
        try:
            return rows("4b", "four processes on one Redis", runs(4, server.url, quick=quick), 95)
        finally:
            server.stop()


def four_on_postgres(*, quick: bool) -> list[Row]:
    server = PostgresServer()
    server.make()
    server.start()
    try:
        return rows("4b", "four processes on one PostgreSQL", runs(4, server.url(), quick=quick), 95)
    finally:
        server.remove()


if __name__ == "__main__":
    main(__doc__, {"one": one, "four": four, "four_on_postgres": four_on_postgres})
