"""`sync_videos` beside a bare loop of raw aiohttp requests to the same emulator: throughput, memory, and how both grow.

    python benchmarks/bench_sync.py [--quick] [--plot PATH.svg]

Goals: at 10,000 accounts at least 0.8 of the bare loop's requests a second, and under 150 MiB above what the imports
take; time and requests that grow in proportion to the accounts, from 100 to 10,000.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import attrs
import orjson
import psutil  # type: ignore[import-untyped]  # it ships no types

from tiktok_async import AccountKey, Secret, TikTokSession, Token, VideoField, sync_videos
from tiktok_async.stores import MemoryTokenStore

VIDEOS = 100
CONCURRENCY = 32
FIELDS = ",".join(VideoField)
SERVER = """
import asyncio, json, sys
from tiktok_async.emulator import serve

def ready(emulator):
    users = [emulator.add_user(videos=int(sys.argv[2])) for _ in range(int(sys.argv[1]))]
    grants = [[user.open_id, emulator.grant(user)["access_token"]] for user in users]
    print(json.dumps([emulator.url, emulator.client_key, grants]), flush=True)

asyncio.run(serve(ready=ready))
"""


@attrs.frozen
class Measured:
    """One run over all accounts."""

    seconds: float
    requests: int
    videos: int
    mebibytes: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def resident() -> float:
    """Return this process's memory in MiB."""
    return float(psutil.Process().memory_info().rss) / 2**20


async def bare(url: str, grants: list[list[str]]) -> tuple[int, int]:
    """What a user without a library writes: pages as dicts, no limits, no refreshes, no errors."""
    requests = videos = 0
    left = iter(grants)
    async with aiohttp.ClientSession() as http:

        async def work() -> None:
            nonlocal requests, videos
            for _, token in left:
                headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
                body: dict[str, int] = {"max_count": 20}
                while True:
                    async with http.post(
                        f"{url}/v2/video/list/?fields={FIELDS}", data=orjson.dumps(body), headers=headers
                    ) as response:
                        data = orjson.loads(await response.read())["data"]
                    requests += 1
                    videos += len(data["videos"])
                    if not data["has_more"]:
                        break
                    body["cursor"] = data["cursor"]

        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return requests, videos


async def ours(url: str, client_key: str, grants: list[list[str]]) -> tuple[int, int]:
    """The library, with everything on."""
    store, now = MemoryTokenStore(), datetime.now(UTC)
    for open_id, token in grants:
        await store.put(
            Token(
                key=AccountKey(client_key, open_id),
                access_token=Secret(token),
                refresh_token=Secret(f"rft.{open_id}"),
                scopes=frozenset({"user.info.basic", "video.list"}),
                expires_at=now + timedelta(hours=2),
                refresh_expires_at=now + timedelta(days=180),
                updated_at=now,
            ),
            expected_version=None,
        )
    requests = videos = 0
    async with TikTokSession(client_key=client_key, client_secret="bench", store=store, base_url=url) as session:
        async for result in sync_videos(session, concurrency=CONCURRENCY):
            assert result.error is None, result.error
            videos += len(result.videos)
            requests += max(1, -(-len(result.videos) // 20))
    return requests, videos


async def measured(work: Callable[[], Awaitable[tuple[int, int]]]) -> Measured:
    """Run *work* and watch the memory of this process."""
    gc.collect()
    before, peak = resident(), 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, resident())
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    requests, videos = await work()
    seconds = time.perf_counter() - began
    done.set()
    await watching
    return Measured(seconds, requests, videos, max(peak, resident()) - before)


async def one(who: str, accounts: int) -> None:
    """Measure one of the two in this process, and print it as JSON."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(accounts), str(VIDEOS), stdout=subprocess.PIPE, limit=2**24
    )
    assert server.stdout is not None
    try:
        url, client_key, grants = json.loads(await server.stdout.readline())
        await bare(url, grants[:50])  # both ends warm
        result = await measured(
            (lambda: bare(url, grants)) if who == "bare" else (lambda: ours(url, client_key, grants))
        )
        print(json.dumps(attrs.asdict(result)))
    finally:
        server.terminate()
        await server.wait()


def in_a_process_of_its_own(who: str, accounts: int) -> Measured:
    """Measure from a fresh process, so that no run profits from another's memory."""
    output = subprocess.run(
        [sys.executable, __file__, "--one", who, "--accounts", str(accounts)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return Measured(**json.loads(output.splitlines()[-1]))


def plot(path: Path, rows: list[tuple[int, Measured, Measured]]) -> None:
    """Draw seconds against accounts, both logarithmic, with a line of slope one through the last point."""
    import math

    width, height, left, top, right, bottom = 640, 400, 70, 30, 610, 340
    most = max(max(theirs.seconds, our.seconds) for _, theirs, our in rows) * 1.5
    least = min(min(theirs.seconds, our.seconds) for _, theirs, our in rows) / 1.5
    low, high = rows[0][0], rows[-1][0]

    def at(accounts: float, seconds: float) -> tuple[float, float]:
        x = left + (right - left) * math.log(accounts / low) / math.log(high / low)
        return x, bottom - (bottom - top) * math.log(seconds / least) / math.log(most / least)

    def curve(points: list[tuple[float, float]], style: str) -> str:
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        return f'<polyline points="{text}" fill="none" {style}/>'

    slope = rows[-1][2].seconds / high
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="#444"/>',
        f'<text x="{left}" y="18">Seconds to sync all accounts, {VIDEOS} videos each; both axes logarithmic</text>',
        curve([(a, slope * a) for a, _, _ in rows if slope * a >= least], 'stroke="#bbb" stroke-dasharray="6 4"'),
        curve([(a, theirs.seconds) for a, theirs, _ in rows], 'stroke="#d55e00" stroke-width="2"'),
        curve([(a, our.seconds) for a, _, our in rows], 'stroke="#0072b2" stroke-width="2"'),
        f'<text x="{right - 210}" y="{bottom - 50}" fill="#0072b2">sync_videos</text>',
        f'<text x="{right - 210}" y="{bottom - 34}" fill="#d55e00">bare loop of aiohttp</text>',
        f'<text x="{right - 210}" y="{bottom - 18}" fill="#888">in proportion to the accounts</text>',
    ]
    for accounts, theirs, our in rows:
        for seconds, colour in ((theirs.seconds, "#d55e00"), (our.seconds, "#0072b2")):
            x, y = at(accounts, seconds)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        x, y = at(accounts, our.seconds)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{accounts:,}</text>')
        parts.append(
            f'<text x="{x - 6:.1f}" y="{y - 8:.1f}" text-anchor="end" fill="#0072b2">{our.seconds:.1f} s</text>'
        )
    parts.append(f'<text x="{(left + right) / 2}" y="{bottom + 40}" text-anchor="middle">accounts</text></svg>')
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 300 accounts")
    parser.add_argument("--plot", type=Path, help="where to draw the SVG")
    parser.add_argument("--one", choices=["bare", "ours"], help=argparse.SUPPRESS)
    parser.add_argument("--accounts", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        asyncio.run(one(arguments.one, arguments.accounts))
        return
    print("| accounts | bare requests/s | sync_videos requests/s | ratio | bare ms/account | ours ms/account | MiB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    rows = []
    for accounts in (30, 100, 300) if arguments.quick else (100, 300, 1_000, 3_000, 10_000):
        theirs, our = (in_a_process_of_its_own(who, accounts) for who in ("bare", "ours"))
        assert theirs.videos == our.videos == accounts * VIDEOS
        rows.append((accounts, theirs, our))
        each = [run.seconds / accounts * 1e3 for run in (theirs, our)]
        print(
            f"| {accounts:,} | {theirs.rate:,.0f} | {our.rate:,.0f} | {our.rate / theirs.rate:.2f} "
            f"| {each[0]:.2f} | {each[1]:.2f} | {our.mebibytes:.1f} |",
            flush=True,
        )
    if arguments.plot:
        plot(arguments.plot, rows)


if __name__ == "__main__":
    main()
