"""Uploads over TLS beside raw aiohttp and curl: throughput, peak memory and the longest stall of the event loop.

    python -m benchmarks.bench_uploads [chunks_10] [chunks_64] [large] [--quick]

Each upload runs in a process of its own, in turns, to a sink in another process; the file is in the page cache. All
have their connection before the clock starts. Ours then is `Publish.upload()`, fingerprint and all, after its init.
Raw aiohttp, and the blocking limit, are `upload_bare.py`, which shares no line with the library.
Goals: at least 0.95 of raw aiohttp sending the same pieces, 0.8 of curl and 0.55 of the limit; 2 and 4 times what
handing over whole chunks of 10 and 64 MB gives; never over 8 MiB above the start; no stall of the loop over 20 ms.
What arrives of the large ones has the file's sha256: in a pass of its own, as a host that hashes is slower.
"""

import asyncio
import hashlib
import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from attrs import asdict, frozen

from benchmarks._login import logged_in
from benchmarks._rows import Row, alone, beside, in_turns, main
from benchmarks.upload_bare import blocking, upload
from tiktok_async import PrivacyLevel, Publish, TikTokSession, VideoPost, plan_chunks

MB = 1_000_000
ROOT = Path(__file__).parents[1]
OURS, SAME, WHOLE, CURL, LIMIT = "ours", "aiohttp, same pieces", "aiohttp, chunk at once", "curl -T", "blocking sendall"


@frozen
class Run:
    """One upload: its seconds, and of the ways in Python the peak in MiB and the longest turn of the loop in ms."""

    seconds: float
    peak: float = 0.0
    stall: float = 0.0


async def ours(base: str, http: aiohttp.ClientSession, path: Path, chunk_size: int) -> float:
    store = await logged_in("video.publish")
    async with TikTokSession(
        client_key="bench", client_secret="bench", store=store, limiter="none://", base_url=base, http=http
    ) as session:
        post = VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)
        return await timed(drained(await session.account("user").post_video(path, post, chunk_size=chunk_size)))


async def drained(publish: Publish) -> None:
    async for _ in publish.upload():
        pass


async def timed(work: Awaitable[None]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def stalls(worst: list[float]) -> None:
    """Note the longest turn of the loop, in seconds."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0)
        worst[0] = max(worst[0], time.perf_counter() - before)
        await asyncio.sleep(0.0005)


def forget_peak() -> int:
    """Start the peak's count anew, and return the bytes in use now."""
    Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


async def client(way: str, base: str, cert: str, path: Path, chunk_size: int) -> Run:
    """Upload twice: once for the time, and once to watch the loop, which costs time itself."""
    context = ssl.create_default_context(cafile=cert)
    if way == LIMIT:
        return Run(blocking(context, base, path, chunk_size))
    worst = [0.0]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:

        async def once() -> float:
            if way == OURS:
                return await ours(base, http, path, chunk_size)
            return await timed(upload(http, f"{base}/upload", path, chunk_size, whole=way == WHOLE))

        async with http.get(f"{base}/warm/") as response:
            await response.read()
        before = forget_peak()
        seconds = await once()
        watch = asyncio.ensure_future(stalls(worst))
        await once()
        watch.cancel()
    return Run(seconds, (peak() - before) / 2**20, worst[0] * 1000)


def curl(base: str, cert: str, path: Path, chunk_size: int) -> Run:
    """The same chunks, from files of their own, over one connection; its start and its handshake are taken off."""
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        arguments = ["curl", "-sS", "--cacert", cert, "-H", "Expect:"]
        warm = [*arguments, "-o", os.devnull, f"{base}/warm/"]
        with path.open("rb") as file:
            for number, span in enumerate(plan_chunks(path.stat().st_size, chunk_size).ranges()):
                part = Path(directory) / str(number)
                part.write_bytes(file.read(len(span)))
                arguments += ["-o", os.devnull, "-T", str(part), f"{base}/upload"]
        to_begin, all_of_it = seconds_of(warm), seconds_of(arguments)
        return Run(all_of_it - to_begin)


def seconds_of(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def measure(way: str, base: str, cert: str, path: Path, chunk_size: int) -> Run:
    if way == CURL:
        return curl(base, cert, path, chunk_size)
    arguments = ["--client", way, base, cert, str(path), str(chunk_size)]
    command = [sys.executable, "-m", "benchmarks.bench_uploads", *arguments]
    return Run(**json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout))


@contextmanager
def sink(*options: str) -> Iterator[tuple[str, str, Path]]:
    """Run an upload host; gives its address, its certificate and a path for the video."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as directory, tempfile.TemporaryDirectory() as disk:
        cert, key = certificate(Path(directory))
        command = [sys.executable, str(Path(__file__).with_name("upload_sink.py")), str(cert), str(key), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as host:
            assert host.stdout is not None
            try:
                yield f"https://localhost:{int(host.stdout.readline())}", str(cert), Path(disk) / "video.mp4"
            finally:
                host.kill()


def certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost and its key."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    wish = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(["openssl", "req", *wish, *names, *files], check=True, capture_output=True)
    return cert, key


def chunks(size: int, beside_whole: float, *, quick: bool) -> list[Row]:
    """Upload 256 MB in chunks of *size* MB each way."""
    with sink() as (base, cert, path):
        path.write_bytes(os.urandom(MB) * (64 if quick else 256))
        ways = {way: partial(measure, way, base, cert, path, size * MB) for way in (OURS, SAME, WHOLE, CURL, LIMIT)}
        taken = in_turns(ways, 2 if quick else 7)
        speeds = {way: [path.stat().st_size / MB / run.seconds for run in runs] for way, runs in taken.items()}
    bars = {SAME: 0.95, WHOLE: beside_whole, CURL: 0.8, LIMIT: 0.55}
    what = f"upload over TLS in chunks of {size} MB"
    return [
        *(beside("6", what, "MB/s", speeds[OURS], way, speeds[way], at_least=bar) for way, bar in bars.items()),
        *frugal(what, taken[OURS]),
    ]


def frugal(what: str, runs: list[Run]) -> list[Row]:
    return [
        alone("6", f"{what}: peak above the start", "MiB", [run.peak for run in runs], at_most=8, middle=max),
        alone("6", f"{what}: longest stall", "ms", [run.stall for run in runs], at_most=20, middle=max),
    ]


def chunks_10(*, quick: bool) -> list[Row]:
    return chunks(10, 2, quick=quick)


def chunks_64(*, quick: bool) -> list[Row]:
    return chunks(64, 4, quick=quick)


def large(*, quick: bool) -> list[Row]:
    rows: list[Row] = []
    sizes = {"128 MB": 128 * MB} if quick else {"1 GB": 1_000 * MB, "4 GB": 4 * 1024**3}
    for name, size in sizes.items():
        what = f"upload of {name}, sparse, in chunks of 64 MB"
        with sink() as (base, cert, path):
            sparse(path, size)
            rows += frugal(what, [measure(OURS, base, cert, path, 64 * MB)])
        with sink("--sha256") as (base, cert, path):
            sparse(path, size)
            arrived = asyncio.run(arrives(base, cert, path, 64 * MB))
            with path.open("rb") as file:
                whole = arrived == {"size": size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
        rows.append(alone("6", f"{what}: arrived with the file's sha256", "of 1", [whole], at_least=1))
    return rows


def sparse(path: Path, size: int) -> None:
    """Make a file of holes, with a number in each MiB: none can be lost, repeated or swapped unseen."""
    with path.open("wb") as file:
        file.truncate(size)
        for number, place in enumerate(range(0, size - 8, 2**20)):
            file.seek(place)
            file.write(number.to_bytes(8, "big"))


async def arrives(base: str, cert: str, path: Path, chunk_size: int) -> dict[str, Any]:
    """Upload once, and return what the host got: its size and sha256."""
    context = ssl.create_default_context(cafile=cert)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:
        await ours(base, http, path, chunk_size)
        async with http.get(f"{base}/arrived/") as response:
            arrived: dict[str, Any] = (await response.json())["data"]
    return arrived


if __name__ == "__main__":
    if "--client" in sys.argv:
        _, _, way, base, cert, path, chunk_size = sys.argv
        print(json.dumps(asdict(asyncio.run(client(way, base, cert, Path(path), int(chunk_size))))))
    else:
        main(__doc__, {"chunks_10": chunks_10, "chunks_64": chunks_64, "large": large})
