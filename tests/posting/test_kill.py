"""An upload whose process is killed continues in a new one, byte for byte."""

import asyncio
import hashlib
import json
import os
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tiktok_async import Account, Publish, VideoPost
from tiktok_async.emulator import Emulator

CHUNK = 6_000_000

WORKER = """
import asyncio, json, sys
from pathlib import Path
from tiktok_async import TikTokSession

async def main(settings):
    async with TikTokSession(
        client_key=settings["client_key"], client_secret=settings["client_secret"], store=settings["store"],
        base_url=settings["url"],
    ) as session:
        state = Path(settings["state"])
        publish = session.account(settings["open_id"]).publish(state.read_text())
        async for progress in publish.upload():
            new = state.with_suffix(".new")
            new.write_text(progress.state)
            new.replace(state)
            print(progress.chunk, flush=True)
    print("done", flush=True)

asyncio.run(main(json.loads(sys.argv[1])))
"""


class Fleet:
    """Starts one worker process after another on the same saved state."""

    def __init__(self, emulator: Emulator, store: str, state: Path, open_id: str) -> None:
        self._settings = json.dumps(
            {
                "client_key": emulator.client_key,
                "client_secret": emulator.client_secret,
                "url": emulator.url,
                "store": store,
                "state": str(state),
                "open_id": open_id,
            }
        )

    async def start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, self._settings, stdout=asyncio.subprocess.PIPE
        )


async def line_of(worker: asyncio.subprocess.Process) -> str:
    assert worker.stdout is not None
    return (await worker.stdout.readline()).decode().strip()


async def kill(worker: asyncio.subprocess.Process) -> None:
    if worker.returncode is None:
        worker.send_signal(signal.SIGKILL)
    await worker.communicate()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of five chunks, so that there is time for several kills."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(os.urandom(31_000_000))
    return path


@pytest.fixture
async def begun(emulator: Emulator, post: VideoPost, clip: Path, tmp_path: Path) -> tuple[Publish, Fleet]:
    store = f"sqlite:///{tmp_path / 'tokens.db'}"
    async with emulator.session(store=store) as session:
        account: Account = await emulator.connect(session, emulator.add_user())
        publish = await account.post_video(clip, post, chunk_size=CHUNK)
        state = tmp_path / "publish.json"
        state.write_text(publish.to_json())
        return publish, Fleet(emulator, store, state, account.open_id)


async def test_a_kill_after_each_chunk_repeats_the_interrupted_chunk_alone(
    emulator: Emulator, begun: tuple[Publish, Fleet], clip: Path
) -> None:
    _, fleet = begun
    reported = ""
    while reported != "done":
        worker = await fleet.start()
        reported = await line_of(worker)
        await kill(worker)
    arrived_once_and_whole(emulator, clip)


@pytest.mark.slow
async def test_a_kill_within_each_chunk_repeats_the_interrupted_chunk_alone(
    emulator: Emulator, begun: tuple[Publish, Fleet], clip: Path, *, full: bool
) -> None:
    _, fleet = begun
    upload = emulator.posts[0].upload
    assert upload is not None
    rng = random.Random(3)
    for _ in range(20 if full else 5):
        if upload.complete:
            break
        puts = emulator.requests.counts["upload"]
        arrivals = len(upload.arrivals)
        # The upload host reads nothing for a while: the worker fills the buffers with a part of the chunk and waits.
        emulator.fail_next("upload", delay=timedelta(seconds=30))
        worker = await fleet.start()
        while emulator.requests.counts["upload"] == puts:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        await kill(worker)
        emulator.clock.advance(31)
        while len(upload.arrivals) == arrivals:
            await asyncio.sleep(0.005)
        if rng.random() < 0.5:
            worker = await fleet.start()
            await line_of(worker)
            await kill(worker)
    await (await fleet.start()).communicate()
    assert sum(arrival.status == 0 for arrival in upload.arrivals) > 1
    arrived_once_and_whole(emulator, clip)


def arrived_once_and_whole(emulator: Emulator, clip: Path) -> None:
    upload = emulator.posts[0].upload
    assert upload is not None
    assert upload.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    accepted = [arrival for arrival in upload.arrivals if arrival.status in {201, 206}]
    assert [arrival.first for arrival in accepted] == [0, 6_000_000, 12_000_000, 18_000_000, 24_000_000]
    # All others were interrupted by a kill: no bytes that TikTok had were sent again.
    assert {arrival.status for arrival in upload.arrivals} <= {201, 206, 0}
