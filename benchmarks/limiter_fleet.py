"""Processes that share one limit against a strict server, with random delays: what is refused, what is wasted.

    python benchmarks/limiter_fleet.py --server redis://127.0.0.1:6379/0 --processes 4 --seconds 10

Without --server one process limits itself. Prints one line of JSON; tests run it in a short form. The server is a
process of its own and counts a call when its bytes arrive.
"""

import argparse
import asyncio
import json
import multiprocessing as mp
import random
import time
import uuid
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any

from tiktok_async import LocalRateLimiter
from tiktok_async.abc import LimitKey
from tiktok_async.models import Limit
from tiktok_async.testing import StrictWindow

CONTEXT = mp.get_context("spawn")
CONNECTIONS = 40


def serve(limit: Limit, pipe: Pipe) -> None:
    """Count calls until told to stop."""

    async def main() -> None:
        window = StrictWindow(limit)

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await reader.read(1):
                window.arrive(time.monotonic())
                writer.write(b".")
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.recv)
        pipe.send((window.taken, window.refused, window.arrivals))

    asyncio.run(main())


def work(options: argparse.Namespace, app: str, port: int, pipe: Pipe) -> None:
    """Call as fast as the limiter lets us."""

    async def main() -> None:
        from tiktok_async.stores import open_limiter

        limiter = open_limiter(options.server) if options.server else LocalRateLimiter()
        key = LimitKey(app, "/v2/video/list/", "account")
        limit = limit_of(options)
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
        free = asyncio.Semaphore(CONNECTIONS)
        served = 0
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        end = time.monotonic() + options.seconds

        async def call() -> None:
            nonlocal served
            while time.monotonic() < end:
                permit = await limiter.acquire(key, limit)
                if time.monotonic() >= end:
                    permit.cancel()
                    return
                async with free:
                    reader, writer = idle.pop()
                    await asyncio.sleep(random.random() * 0.02)
                    writer.write(b".")
                    await reader.readexactly(1)
                    await asyncio.sleep(random.random() * 0.02)
                    idle.append((reader, writer))
                permit.done()
                served += 1

        before = time.process_time()
        await asyncio.gather(*(call() for _ in range(options.tasks // options.processes)))
        spent = time.process_time() - before
        await limiter.aclose()
        for _, writer in idle:
            writer.close()
        pipe.send((served, spent))

    asyncio.run(main())


def limit_of(options: argparse.Namespace) -> Limit:
    return Limit(options.count, timedelta(seconds=options.per))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run it once and return the figures."""
    limit, count = limit_of(options), options.count
    ours, theirs = CONTEXT.Pipe()
    server = CONTEXT.Process(target=serve, args=(limit, theirs))
    server.start()
    port = ours.recv()
    app = f"fleet-{uuid.uuid4().hex}"
    workers = []
    for _ in range(options.processes):
        here, there = CONTEXT.Pipe()
        process = CONTEXT.Process(target=work, args=(options, app, port, there))
        process.start()
        workers.append((process, here))
    for _, pipe in workers:
        pipe.recv()
    for _, pipe in workers:
        pipe.send("go")
    results = [pipe.recv() for _, pipe in workers]
    for process, _ in workers:
        process.join()
    ours.send("stop")
    taken, refused, arrivals = ours.recv()
    server.join()
    # How long each slot took to come round, beside the shortest time a strict server allows.
    rounds = [later - earlier for earlier, later in zip(arrivals, arrivals[count:], strict=False)]
    return {
        "processes": options.processes,
        "taken": taken,
        "refused": refused,
        "share_of_permitted_rate": round(options.per * len(rounds) / sum(rounds), 4) if rounds else None,
        "served_by_each": [served for served, _ in results],
        "client_cpu_us_per_call": round(sum(spent for _, spent in results) * 1e6 / max(1, taken)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=9.5)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--per", type=float, default=1.0)
    parser.add_argument("--tasks", type=int, default=200)
    print(json.dumps(run(parser.parse_args())))
