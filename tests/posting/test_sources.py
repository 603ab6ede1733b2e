"""Reading a video: small pieces, read ahead in a thread, nothing left open, and no changed byte sent."""

import asyncio
import io
import os
import random
import threading
from collections.abc import Awaitable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.posting.uploads import uploaded
from tiktok_async import Account, ConfigurationError, SourceChanged, UploadError, VideoPost
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async._http.stall import StallGuard
from tiktok_async.api.posting.upload import PIECE, ChunkBody
from tiktok_async.api.posting.video import BLOCK, open_video, read_ahead
from tiktok_async.emulator import Emulator

CLOCK = SystemClock()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(os.urandom(3 * BLOCK + 12_345))
    return path


async def nothing_stays_open(clip: Path) -> None:
    """Wait until the file is closed and its thread has ended: the end of an upload does not wait for that."""
    for _ in range(6_000):
        opened = [link for link in Path("/proc/self/fd").iterdir() if os.path.realpath(link) == str(clip)]
        if not opened and not any("tiktok" in thread.name for thread in threading.enumerate()):
            return
        await asyncio.sleep(0.01)
    pytest.fail("a file or a thread stayed behind")


@given(size=st.integers(1, 3 * BLOCK), data=st.data())
def test_the_pieces_of_any_range_are_its_bytes(size: int, data: st.DataObject) -> None:
    content = random.Random(size).randbytes(size)
    start = data.draw(st.integers(0, size - 1))
    stop = data.draw(st.integers(start + 1, size))
    asked: list[tuple[int, int]] = []

    async def read(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return content[offset : offset + length]

    async def finish(reading: Awaitable[bytes], offset: int, length: int) -> memoryview:
        block = memoryview(await reading)
        assert (offset, length) == asked[-1]
        return block

    async def collect() -> list[memoryview]:
        body = ChunkBody(read_ahead(read, finish, range(start, stop), CLOCK), CLOCK, StallGuard(CLOCK, 60))
        return [piece async for piece in body]

    pieces = asyncio.run(collect())
    assert b"".join(pieces) == content[start:stop]
    assert max(map(len, pieces)) <= PIECE
    assert asked[0][0] == start
    assert all(length <= BLOCK for _, length in asked)
    assert sum(length for _, length in asked) == stop - start


async def test_a_file_is_read_outside_the_event_loops_thread(clip: Path) -> None:
    readers: set[int] = set()

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            readers.add(threading.get_ident())
            return super().read(-1 if size is None else size)

    with Watched(clip, "rb") as file:
        source = open_video(file, CLOCK)
        async with source.opened() as video:
            mark = await video.fingerprint()
            size = sum([len(piece) async for piece in video.blocks(range(mark.size), mark)])
    assert size == mark.size
    assert readers
    assert threading.get_ident() not in readers


async def test_the_next_block_is_read_while_a_sender_keeps_the_loop_busy(clip: Path) -> None:
    second = threading.Event()

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == BLOCK:
                second.set()
            return super().read(-1 if size is None else size)

    with Watched(clip, "rb") as file:
        async with open_video(file, CLOCK).opened() as video:
            mark = await video.fingerprint()
            async with aclosing(video.blocks(range(mark.size), mark)) as blocks:
                await anext(blocks)
                assert second.wait(10)


async def test_a_file_that_changes_within_a_chunk_keeps_its_last_piece(clip: Path) -> None:
    source = open_video(clip, CLOCK)
    mark = await source.fingerprint()
    taken = 0
    async with source.opened() as video:
        with pytest.raises(SourceChanged):
            async for piece in video.blocks(range(mark.size), mark):
                taken += len(piece)
                os.utime(clip, ns=(1, 1))
    assert 0 < taken < mark.size


async def test_a_file_that_shrinks_within_a_chunk_raises_an_error(clip: Path) -> None:
    source = open_video(clip, CLOCK)
    mark = await source.fingerprint()
    async with source.opened() as video:
        with pytest.raises(SourceChanged):
            async for _ in video.blocks(range(mark.size), mark):
                os.truncate(clip, BLOCK)


async def test_no_descriptor_and_no_thread_stays_behind(clip: Path) -> None:
    source = open_video(clip, CLOCK)
    mark = await source.fingerprint()
    for stop_after in (0, 1, 20, 1_000):
        async with source.opened() as video, aclosing(video.blocks(range(mark.size), mark)) as pieces:
            for _ in range(stop_after):
                if await anext(pieces, None) is None:
                    break
    await nothing_stays_open(clip)


@pytest.mark.parametrize("end", ["closed", "dropped", "cancelled", "failed", "done"])
async def test_an_upload_closes_its_file_after_any_end(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, end: str
) -> None:
    if end == "failed":
        emulator.fail_next("upload", status=403)
    publish = await account.post_video(clip, post)
    if end in {"cancelled", "failed", "done"}:
        task = asyncio.ensure_future(uploaded(publish))
        while not publish.moved and not task.done():
            await asyncio.sleep(0)
        if end == "cancelled":
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        upload = publish.upload()
        await anext(upload)
        if end == "closed":
            await upload.aclose()
        del upload
    await nothing_stays_open(clip)


async def test_an_unreadable_file_raises_an_error_before_anything_is_sent(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path
) -> None:
    closed = clip.open("rb")
    closed.close()
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        os.close(writing)
        for source in (clip.parent, clip.with_name("no.mp4"), "nul\0.mp4", closed, pipe):
            with pytest.raises(ConfigurationError):
                await account.post_video(source, post)
    assert not emulator.posts


@pytest.mark.parametrize("turns", range(0, 40, 2))
async def test_reading_can_be_cancelled_anywhere(clip: Path, turns: int) -> None:
    source = open_video(clip, CLOCK)
    mark = await source.fingerprint()

    async def collect() -> None:
        async with source.opened() as video, aclosing(video.blocks(range(mark.size), mark)) as pieces:
            async for _ in pieces:
                pass

    task = asyncio.ensure_future(collect())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() or task.exception() is None


async def test_the_event_loop_runs_during_a_slow_read(clip: Path) -> None:
    gate = threading.Event()

    class Slow(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            gate.wait(5)
            return super().read(-1 if size is None else size)

    file = Slow(clip, "rb")
    source = open_video(file, CLOCK)
    reading = asyncio.ensure_future(source.fingerprint())
    for _ in range(100):
        await asyncio.sleep(0)
    assert not reading.done()
    gate.set()
    assert (await reading).size == 3 * BLOCK + 12_345
    file.close()


@pytest.mark.parametrize("length", [0, 1, 11])
async def test_a_source_that_returns_another_length_is_refused(length: int) -> None:
    class Wrong:
        size = 10

        async def read(self, offset: int, wanted: int) -> bytes:
            del offset
            return b"x" * (wanted if not self.begun else length)

        begun = False

    wrong = Wrong()
    source = open_video(wrong, CLOCK)
    mark = await source.fingerprint()
    wrong.begun = True
    async with source.opened() as video:
        with pytest.raises(SourceChanged, match="gave"):
            [piece async for piece in video.blocks(range(10), mark)]


@pytest.mark.parametrize("answer", [None, "text", 5])
async def test_a_source_that_returns_no_bytes_has_an_error_of_its_own(answer: Any) -> None:
    class Wrong:
        size = 10

        async def read(self, offset: int, length: int) -> Any:
            del offset, length
            return answer

    with pytest.raises(UploadError):
        await open_video(Wrong(), CLOCK).fingerprint()
