"""Uploads over TLS beside raw aiohttp and curl: throughput, peak memory and the longest stall of the event loop.

    python -m benchmarks.bench_uploads [--quick]

Each way runs in a process of its own, interleaved, to a sink in another process; the file is in the page cache.
Raw aiohttp is `upload_bare.py`, which shares no line with the library.
Goals: at least 0.95 of raw aiohttp sending the same pieces, at least 0.8 of curl, no stall of the loop over 20 ms,
under 8 MiB above the start for 1 GB at 64 MB a chunk.
"""

import asyncio
import json
import os
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from benchmarks.upload_bare import upload
from tiktok_async import AccountKey, PrivacyLevel, Secret, TikTokSession, Token, VideoPost, plan_chunks
from tiktok_async.stores import MemoryTokenStore

MB = 1_000_000
ROOT = Path(__file__).parents[1]
PEERS = ("tiktok-async", "aiohttp, same pieces", "aiohttp, chunk at once", "curl -T")


async def sdk(base: str, http: aiohttp.ClientSession, path: Path, chunk_size: int) -> None:
    store = MemoryTokenStore()
    now = datetime.now(UTC)
    token = Token(
        key=AccountKey("bench", "user"),
        access_token=Secret("act.bench"),
        refresh_token=Secret("rft.bench"),
        scopes=frozenset({"video.publish"}),
        expires_at=now + timedelta(hours=2),
        refresh_expires_at=now + timedelta(days=180),
        updated_at=now,
    )
    await store.put(token, expected_version=None)
    async with TikTokSession(
        client_key="bench", client_secret="bench", store=store, limiter="none://", base_url=base, http=http
    ) as session:
        post = VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)
        publish = await session.account("user").post_video(path, post, chunk_size=chunk_size)
        async for _ in publish.upload():
            pass


async def stalls(worst: list[float]) -> None:
    """Note the longest turn of the loop: by the wall, and by this thread's CPU time, which no neighbour lengthens."""
    while True:
        before, used = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0)
        worst[0] = max(worst[0], time.perf_counter() - before)
        worst[1] = max(worst[1], time.thread_time() - used)
        await asyncio.sleep(0.0005)


def forget_peak() -> int:
    """Start the peak's count anew, and return the bytes in use now."""
    Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


async def client(way: str, base: str, cert: str, path: Path, chunk_size: int) -> dict[str, float]:
    """Upload twice: once against the clock, and once with a look at the loop, which is not free."""
    context = ssl.create_default_context(cafile=cert)
    worst = [0.0, 0.0]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:

        async def once() -> None:
            if way == PEERS[0]:
                await sdk(base, http, path, chunk_size)
            else:
                await upload(http, f"{base}/upload", path, chunk_size, whole=way == PEERS[2])

        async with http.get(f"{base}/warm/") as response:
            await response.read()
        before = forget_peak()
        started = time.perf_counter()
        cpu = time.process_time()
        await once()
        seconds = time.perf_counter() - started
        cpu = time.process_time() - cpu
        watch = asyncio.ensure_future(stalls(worst))
        await once()
        watch.cancel()
    return {
        "seconds": seconds,
        "cpu": cpu,
        "peak": (peak() - before) / 2**20,
        "stall": worst[0] * 1000,
        "turn": worst[1] * 1000,
    }


def curl(base: str, cert: str, path: Path, chunk_size: int) -> dict[str, float]:
    """The same chunks, from files of their own, over one connection."""
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        arguments = ["curl", "-sS", "--cacert", cert, "-H", "Expect:"]
        plan = plan_chunks(path.stat().st_size, chunk_size)
        with path.open("rb") as file:
            for number, span in enumerate(plan.ranges()):
                part = Path(directory) / str(number)
                part.write_bytes(file.read(len(span)))
                arguments += ["-o", os.devnull, "-T", str(part), f"{base}/upload"]
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(arguments, check=True)
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"seconds": seconds, "cpu": cpu, "peak": float("nan"), "stall": float("nan"), "turn": float("nan")}


def measure(way: str, base: str, cert: str, path: Path, chunk_size: int) -> dict[str, float]:
    if way == PEERS[3]:
        return curl(base, cert, path, chunk_size)
    arguments = [
        sys.executable,
        "-m",
        "benchmarks.bench_uploads",
        "--client",
        way,
        base,
        cert,
        str(path),
        str(chunk_size),
    ]
    result: dict[str, float] = json.loads(subprocess.run(arguments, check=True, capture_output=True, cwd=ROOT).stdout)
    return result


def compare(base: str, cert: str, path: Path, chunk_size: int, repetitions: int) -> None:
    size = path.stat().st_size
    print(f"\n{size // MB} MB in chunks of {chunk_size // MB} MB over TLS, median of {repetitions}\n")
    print("| way | MB/s | x same pieces | x curl | CPU s | peak MiB | longest stall ms | of it CPU ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in PEERS}
    for _ in range(repetitions):
        for way in PEERS:
            runs[way].append(measure(way, base, cert, path, chunk_size))
    for way in PEERS:
        middle = {name: statistics.median(run[name] for run in runs[way]) for name in runs[way][0]}
        ratios = [
            statistics.median(
                other["seconds"] / run["seconds"] for run, other in zip(runs[way], runs[peer], strict=True)
            )
            for peer in (PEERS[1], PEERS[3])
        ]
        print(
            f"| {way} | {size / MB / middle['seconds']:,.0f} | {ratios[0]:.2f} | {ratios[1]:.2f} | {middle['cpu']:.2f}"
            f" | {middle['peak']:.1f} | {max(run['stall'] for run in runs[way]):.1f}"
            f" | {max(run['turn'] for run in runs[way]):.1f} |",
            flush=True,
        )


def certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost and its key."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    wish = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    ]
    subprocess.run(["openssl", "req", *wish, *names], check=True, capture_output=True)
    return cert, key


def main() -> None:
    quick = "--quick" in sys.argv
    directory = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    cert, key = certificate(directory)
    sink = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("upload_sink.py")), str(cert), str(key)],
        stdout=subprocess.PIPE,
    )
    path = Path(tempfile.gettempdir()) / f"bench-{os.getpid()}.mp4"
    try:
        assert sink.stdout is not None
        base = f"https://localhost:{int(sink.stdout.readline())}"
        path.write_bytes(os.urandom(MB) * (64 if quick else 256))
        for chunk_size in (10 * MB, 64 * MB) if not quick else (10 * MB,):
            compare(base, str(cert), path, chunk_size, 2 if quick else 7)
        for size, what in () if quick else ((1_000 * MB, "1 GB"), (4_294_967_296, "4 GB, sparse")):
            os.truncate(path, 0)
            os.truncate(path, size)
            run = measure(PEERS[0], base, str(cert), path, 64 * MB)
            print(
                f"\n{what} in chunks of 64 MB: {size / MB / run['seconds']:,.0f} MB/s, peak {run['peak']:.1f} MiB "
                f"above the start, longest stall {run['stall']:.1f} ms, {run['turn']:.1f} ms of CPU"
            )
    finally:
        sink.kill()
        sink.wait()
        path.unlink(missing_ok=True)
        for file in directory.iterdir():
            file.unlink()
        directory.rmdir()


if __name__ == "__main__":
    if "--client" in sys.argv:
        _, _, way, base, cert, path, chunk_size = sys.argv
        print(json.dumps(asyncio.run(client(way, base, cert, Path(path), int(chunk_size)))))
    else:
        main()
