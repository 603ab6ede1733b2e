"""`sync_videos` beside a bare loop of raw aiohttp requests to the same emulator: throughput, memory, and how both grow.

    python -m benchmarks.bench_sync [growth|many ...] [--quick]

`growth` also draws plots/sync_growth.svg.
Goals: at 10,000 accounts at least 0.8 of the bare loop's requests a second, and under 150 MiB above what the imports
take; time and requests that grow in proportion to the accounts, from 100 to 10,000.
"""

import asyncio
import gc
import json
import math
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import aiohttp
import attrs
import orjson
import psutil  # type: ignore[import-untyped]  # it ships no types

from benchmarks._draw import svg, text
from benchmarks._rows import Row, alone, beside, in_turns, main
from tiktok_async import AccountKey, Secret, TikTokSession, Token, VideoField, sync_videos
from tiktok_async.stores import MemoryTokenStore

HERE = Path(__file__).parent
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
    command = [sys.executable, "-m", "benchmarks.bench_sync", "--one", who, str(accounts)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent).stdout
    return Measured(**json.loads(output.splitlines()[-1]))


def plot(path: Path, rows: list[tuple[int, Measured, Measured]]) -> None:
    """Draw seconds against accounts, both logarithmic, with a line of slope one through the last point."""
    left, top, right, bottom = 70, 30, 720, 340
    most = max(max(theirs.seconds, our.seconds) for _, theirs, our in rows) * 1.5
    least = min(min(theirs.seconds, our.seconds) for _, theirs, our in rows) / 1.5
    low, high = rows[0][0], rows[-1][0]

    def at(accounts: float, seconds: float) -> tuple[float, float]:
        x = left + (right - left) * math.log(accounts / low) / math.log(high / low)
        return x, bottom - (bottom - top) * math.log(seconds / least) / math.log(most / least)

    def curve(points: list[tuple[float, float]], style: str) -> str:
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        return f'<polyline points="{places}" class="{style}"/>'

    slope = rows[-1][2].seconds / high
    parts = [
        f'<path d="M{left},{top}V{bottom}H{right}" fill="none" class="axis"/>',
        text(left, 18, f"Seconds to sync all accounts, {VIDEOS} videos each; both axes logarithmic", style="head"),
        curve([(a, slope * a) for a, _, _ in rows if slope * a >= least], "line dash"),
        curve([(a, theirs.seconds) for a, theirs, _ in rows], "line"),
        curve([(a, our.seconds) for a, _, our in rows], "line mine"),
        text(right - 210, bottom - 50, "sync_videos", style="ours"),
        text(right - 210, bottom - 34, "bare loop of aiohttp", style="dim"),
        text(right - 210, bottom - 18, "dashes: in proportion to the accounts", style="dim"),
    ]
    for accounts, theirs, our in rows:
        for seconds, style in ((theirs.seconds, "peer"), (our.seconds, "ours")):
            x, y = at(accounts, seconds)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="{style}"/>')
        x, y = at(accounts, our.seconds)
        parts.append(text(x, bottom + 18, f"{accounts:,}", anchor="middle"))
        parts.append(text(x - 6, y - 8, f"{our.seconds:.1f} s", style="ours", anchor="end"))
    parts.append(text((left + right) / 2, bottom + 40, "accounts", anchor="middle"))
    path.write_text(svg(bottom + 56, parts, title="Seconds to sync, by accounts"), encoding="utf-8")


def growth(*, quick: bool) -> list[Row]:
    """One run at each size: what grows is looked at, and `many` has the repetitions."""
    sizes = (30, 100, 300) if quick else (100, 300, 1_000, 3_000, 10_000)
    runs = [(size, in_a_process_of_its_own("bare", size), in_a_process_of_its_own("ours", size)) for size in sizes]
    assert all(theirs.videos == our.videos == size * VIDEOS for size, theirs, our in runs)
    if not quick:
        plot(HERE / "plots" / "sync_growth.svg", runs)
    few, most = runs[0], runs[-1]
    grown = (most[2].seconds / most[0]) / (few[2].seconds / few[0])
    return [
        alone("sync", f"time an account at {most[0]:,} accounts, of that at {few[0]:,}", "times", [grown], at_most=1.2),
        alone("sync", f"memory above the start at {most[0]:,} accounts", "MiB", [most[2].mebibytes], at_most=150),
        beside("", f"{most[0]:,} accounts", "requests/s", [most[2].rate], "a bare loop of aiohttp", [most[1].rate]),
    ]


def many(*, quick: bool) -> list[Row]:
    accounts = 100 if quick else 1_000
    taken = in_turns(
        {who: partial(in_a_process_of_its_own, who, accounts) for who in ("ours", "bare")}, 2 if quick else 5
    )
    rates = {who: [run.rate for run in runs] for who, runs in taken.items()}
    what = f"{accounts:,} accounts of {VIDEOS} videos"
    peer = "a bare loop of aiohttp"
    return [beside("sync", what, "requests/s", rates["ours"], peer, rates["bare"], at_least=0.8)]


if __name__ == "__main__":
    if "--one" in sys.argv:
        asyncio.run(one(sys.argv[2], int(sys.argv[3])))
    else:
        main(__doc__, {"many": many, "growth": growth})
