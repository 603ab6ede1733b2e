"""Every kind of source arrives complete, and a source that changed is not sent."""

import asyncio
import hashlib
import io
import json
import os
import tempfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.posting.uploads import CHUNK, Begun, uploaded, whole
from tiktok_async import Account, ConfigurationError, Publish, SourceChanged, UploadError, VideoPost
from tiktok_async.emulator import Emulator


@pytest.mark.parametrize("change", ["longer", "shorter", "other bytes", "gone"])
async def test_a_source_that_changed_before_the_upload_is_not_sent(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, change: str
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    alter(clip, change)
    with pytest.raises((SourceChanged, ConfigurationError)):
        await uploaded(publish)
    assert emulator.posts[0].arrivals == []


@pytest.mark.parametrize("change", ["longer", "shorter", "touched"])
async def test_a_source_that_changed_between_two_chunks_is_not_sent_on(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, change: str
) -> None:
    publish = await account.post_video(clip, post, chunk_size=CHUNK)
    async with aclosing(publish.upload()) as upload:
        await anext(upload)
        alter(clip, change)
        with pytest.raises(UploadError):
            await anext(upload)
    assert emulator.posts[0].status == "PROCESSING_UPLOAD"


@pytest.mark.parametrize("change", ["gone", "replaced"])
async def test_a_file_that_is_replaced_during_its_upload_arrives_unchanged(
    emulator: Emulator, begun: Begun, change: str
) -> None:
    publish, clip = await begun()
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    async with aclosing(publish.upload()) as upload:
        await anext(upload)
        alter(clip, change)
        async for _ in upload:
            pass
    assert emulator.posts[0].sha256 == digest


async def test_a_source_that_changes_within_a_chunk_interrupts_it(
    emulator: Emulator, account: Account, post: VideoPost
) -> None:
    class Shrinking:
        size = 12_000_000
        reads = 0

        async def read(self, offset: int, length: int) -> bytes:
            self.reads += 1
            return b"x" * (length if self.reads < 6 else length - 1) if offset >= 0 else b""

    publish = await account.post_video(Shrinking(), post, chunk_size=CHUNK)
    with pytest.raises(SourceChanged, match="gave"):
        await uploaded(publish)
    assert emulator.posts[0].status == "PROCESSING_UPLOAD"


async def test_a_source_that_fails_raises_an_error_and_can_be_retried(
    emulator: Emulator, account: Account, post: VideoPost
) -> None:
    data = os.urandom(12_000_000)

    class Flaky:
        size = len(data)
        broken = False

        async def read(self, offset: int, length: int) -> bytes:
            if self.broken and offset > CHUNK:
                raise RuntimeError("the bucket is away")
            return data[offset : offset + length]

    source = Flaky()
    publish = await account.post_video(source, post, chunk_size=CHUNK)
    source.broken = True
    with pytest.raises(UploadError, match="RuntimeError"):
        await uploaded(publish)
    source.broken = False
    await uploaded(publish)
    assert emulator.posts[0].sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "raw", "memory", "spooled", "writable", "object"])
async def test_every_kind_of_source_arrives_complete(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, kind: str
) -> None:
    source, file = opened(clip, kind)
    publish = await account.post_video(source, post, chunk_size=CHUNK)
    await uploaded(publish)
    assert whole(emulator, clip)
    if file is not None:
        assert not file.closed
        file.close()


async def test_a_resumed_upload_without_its_bytes_asks_for_them(account: Account, post: VideoPost) -> None:
    state = (await account.post_video(b"video", post)).to_json()
    with pytest.raises(ConfigurationError, match=r"account\.publish\(state, source\)"):
        await uploaded(account.publish(state))


@pytest.mark.parametrize("size", [1, 4_999_999, 5_000_000, 5_242_880, 64_000_000, 64_000_001, 70_000_000])
async def test_the_bytes_that_arrive_are_the_bytes_of_the_source(
    emulator: Emulator, account: Account, post: VideoPost, tmp_path: Path, size: int
) -> None:
    block = os.urandom(1_000_003)
    path = tmp_path / "v.mp4"
    digest = hashlib.sha256()
    with path.open("wb") as file:
        left = size
        while left:
            part = block[: min(left, len(block))]
            file.write(part)
            digest.update(part)
            left -= len(part)
    publish = await account.post_video(path, post)
    async for _ in publish.upload():
        pass
    assert emulator.posts[0].sha256 == digest.hexdigest()
    assert emulator.posts[0].status == "PUBLISH_COMPLETE"


def alter(clip: Path, change: str) -> None:
    data = clip.read_bytes()
    if change == "longer":
        clip.write_bytes(data + b"x")
    elif change == "shorter":
        clip.write_bytes(data[:-1])
    elif change == "other bytes":
        stat = clip.stat()
        clip.write_bytes(b"y" + data[1:])
        os.utime(clip, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "touched":
        os.utime(clip, ns=(1, 1))
    elif change == "replaced":
        other = clip.with_name("other.mp4")
        other.write_bytes(data[::-1])
        other.replace(clip)
    else:
        clip.unlink()


def opened(clip: Path, kind: str) -> tuple[Any, Any]:
    """Return *clip* as a source of *kind*, and the file to close if there is one."""

    class Stored:
        def __init__(self, data: bytes) -> None:
            self.size = len(data)
            self._data = data

        async def read(self, offset: int, length: int) -> bytes:
            await asyncio.sleep(0)
            return self._data[offset : offset + length]

    data = clip.read_bytes()
    if kind in {"path", "text", "bytes", "object"}:
        return {"path": clip, "text": str(clip), "bytes": data, "object": Stored(data)}[kind], None
    openers: dict[str, Any] = {
        "file": lambda: clip.open("rb"),
        "raw": lambda: clip.open("rb", buffering=0),
        "memory": lambda: io.BytesIO(data),
        "spooled": lambda: tempfile.SpooledTemporaryFile(max_size=100_000_000),  # noqa: SIM115 - closed by the test
        "writable": lambda: tempfile.TemporaryFile("w+b"),  # noqa: SIM115 - closed by the test
    }
    file = openers[kind]()
    if kind in {"spooled", "writable"}:
        file.write(data)
    return file, file


async def broken_off(publish: Publish, chunks: int) -> Publish:
    async with aclosing(publish.upload()) as upload:
        for _ in range(chunks):
            await anext(upload)
    return publish


@pytest.mark.parametrize("chunks", [0, 1, 2])
async def test_an_upload_continues_with_a_file_that_was_fetched_again(
    emulator: Emulator, account: Account, begun: Begun, chunks: int
) -> None:
    publish, clip = await begun()
    state = (await broken_off(publish, chunks)).to_json()
    again = clip.with_name("again.mp4")
    again.write_bytes(clip.read_bytes())
    os.utime(again, ns=(5, 5))
    clip.unlink()
    await uploaded(account.publish(state, again))
    assert whole(emulator, again)
    assert len(emulator.posts[0].arrivals) == 3


async def test_an_upload_continues_with_a_file_that_was_fetched_again_twice(
    emulator: Emulator, account: Account, begun: Begun
) -> None:
    publish, clip = await begun()
    for turn in range(1, 3):
        os.utime(clip, ns=(turn, turn))
        publish = account.publish((await broken_off(publish, 1)).to_json())
    await uploaded(publish)
    assert whole(emulator, clip)


@pytest.mark.parametrize(
    ("offset", "part"),
    [(0, "first or last 64 KiB"), (18_999_999, "first or last 64 KiB"), (7_000_000, "some of the first 12000000")],
)
async def test_the_part_that_differs_is_named(account: Account, begun: Begun, offset: int, part: str) -> None:
    publish, clip = await begun()
    state = (await broken_off(publish, 2)).to_json()
    with clip.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(clip, ns=(5, 5))
    with pytest.raises(SourceChanged, match=part):
        await uploaded(account.publish(state))


async def test_an_error_names_the_size_that_differs(begun: Begun) -> None:
    publish, clip = await begun()
    with clip.open("ab") as file:
        file.write(b"x")
    with pytest.raises(SourceChanged, match="it has 19000001 bytes and had 19000000"):
        await uploaded(publish)


async def test_a_file_whose_rest_differs_is_uploaded_from_its_start(
    emulator: Emulator, account: Account, begun: Begun
) -> None:
    publish, clip = await begun()
    state = (await broken_off(publish, 2)).to_json()
    with clip.open("r+b") as file:
        file.seek(15_000_000)
        file.write(b"another part")
    await uploaded(account.publish(state))
    assert whole(emulator, clip)


async def test_a_state_of_an_older_version_continues_if_the_modification_time_is_the_same(
    emulator: Emulator, account: Account, begun: Begun
) -> None:
    publish, clip = await begun()
    saved = json.loads((await broken_off(publish, 2)).to_json())
    del saved["upload"]["checked"], saved["upload"]["digest"]
    old = json.dumps(saved)
    os.utime(clip, ns=(5, 5))
    with pytest.raises(SourceChanged, match="cannot be compared"):
        await uploaded(account.publish(old))
    os.utime(clip, ns=(saved["upload"]["mtime_ns"],) * 2)
    await uploaded(account.publish(old))
    assert whole(emulator, clip)
