"""File objects of frameworks are accepted, or refused before anything is sent."""

import io
import mimetypes
import os
import tempfile
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.datastructures import UploadFile

from tests.posting.uploads import whole
from tiktok_async import Account, ConfigurationError, VideoPost
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.api.posting.video import content_type_of, open_video
from tiktok_async.emulator import Emulator

CLOCK = SystemClock()


class AsyncWrapped:
    """An async file as aiofiles makes it: every method is a coroutine, and it has nothing else."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    async def read(self, size: int = -1) -> bytes:
        return self._inner.read(min(size, 100_000) if size >= 0 else -1)

    async def seek(self, offset: int, whence: int = 0) -> int:
        return self._inner.seek(offset, whence)

    async def tell(self) -> int:
        return self._inner.tell()


@pytest.mark.parametrize("kind", ["starlette", "anyio", "aiofiles", "spooled", "tempfile"])
async def test_files_of_frameworks_are_uploaded_completely(
    emulator: Emulator, account: Account, post: VideoPost, clip: Path, kind: str
) -> None:
    data = clip.read_bytes()
    source: Any
    if kind == "anyio":
        async with await anyio.open_file(clip, "rb") as file:
            await file.read(7)
            await (await account.post_video(file, post, chunk_size=6_000_000)).run()
    else:
        if kind == "aiofiles":
            source = AsyncWrapped(data)
        else:
            source = tempfile.NamedTemporaryFile() if kind == "tempfile" else tempfile.SpooledTemporaryFile(1_000)  # noqa: SIM115 - closed below
            source.write(data)
            source.seek(5)
        handed = UploadFile(source, size=None, filename="clip.mp4") if kind == "starlette" else source
        await (await account.post_video(handed, post, chunk_size=6_000_000)).run()
        if kind != "aiofiles":
            source.close()
    assert whole(emulator, clip)


async def test_the_file_of_an_upload_stays_open(emulator: Emulator, account: Account, post: VideoPost) -> None:
    handed = UploadFile(io.BytesIO(b"video"))
    await (await account.post_video(handed, post)).run()
    assert await handed.read() == b"" or not handed.file.closed
    assert len(emulator.posts) == 1


class Stream(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


class ReadOnly:
    async def read(self, size: int = -1) -> bytes:
        return b"x" * max(size, 0)


def closed() -> io.BytesIO:
    file = io.BytesIO(b"video")
    file.close()
    return file


@pytest.mark.parametrize("source", [Stream(), ReadOnly(), iter([b"a"]), io.StringIO("a"), 5, None, closed(), {"a": 1}])
async def test_the_error_for_a_stream_says_what_to_do(
    emulator: Emulator, account: Account, post: VideoPost, source: Any
) -> None:
    await account.token()
    before = len(emulator.requests)
    with pytest.raises(ConfigurationError, match=r"temporary file first|closed"):
        await account.post_video(source, post)
    assert len(emulator.requests) == before


async def test_the_error_for_a_pipe_says_what_to_do(account: Account, post: VideoPost) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with (
        os.fdopen(reading, "rb") as pipe,
        pytest.raises(ConfigurationError, match=r"cannot seek.*temporary file first"),
    ):
        await account.post_video(pipe, post)


class Object:
    def __init__(self, size: Any, given: int = 10) -> None:
        self.size = size
        self._given = given

    async def read(self, offset: int, length: int) -> bytes:
        return b"x" * max(0, min(length, self._given - offset))


@pytest.mark.parametrize("size", [None, "10", 10.0, True, -1, 0, b"10", lambda: 10])
async def test_an_invalid_size_raises_an_error(account: Account, post: VideoPost, size: Any) -> None:
    with pytest.raises(ConfigurationError, match="size is"):
        await account.post_video(Object(size), post)


async def test_a_size_that_is_too_large_raises_an_error_before_the_post(
    emulator: Emulator, account: Account, post: VideoPost
) -> None:
    with pytest.raises(ConfigurationError, match=r"gave 10 of 11 bytes at byte 0.*Its size is wrong"):
        await account.post_video(Object(11), post)
    assert not emulator.posts


async def test_a_source_whose_read_is_not_async_raises_an_error(account: Account, post: VideoPost) -> None:
    class Plain:
        size = 5

        def read(self, offset: int, length: int) -> bytes:
            del offset
            return b"x" * length

    with pytest.raises(ConfigurationError, match="its read is not async"):
        await account.post_video(Plain(), post)  # type: ignore[arg-type]  # the point


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mp4", "video/mp4"),
        ("a.M4V", "video/mp4"),
        ("a.mov", "video/quicktime"),
        ("a.qt", "video/quicktime"),
        ("a.webm", "video/webm"),
        ("a", "video/mp4"),
        ("a.part", "video/mp4"),
        *((f"a{suffix}", None) for suffix in (".mkv", ".avi", ".flv", ".ts", ".MPG", ".mp3", ".gif", ".txt", ".zip")),
    ],
)
def test_the_type_of_a_file_does_not_depend_on_the_machine(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: str | None
) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_: (None, None))
    if kind is None:
        with pytest.raises(ConfigurationError, match="convert the video"):
            content_type_of(name, None)
    else:
        assert content_type_of(name, None) == kind


async def test_an_async_file_without_a_size_raises_an_error(tmp_path: Path) -> None:
    class Mute(AsyncWrapped):
        async def seek(self, offset: int, whence: int = 0) -> Any:
            del offset, whence

        async def tell(self) -> Any:
            return None

    del tmp_path
    with pytest.raises(Exception, match="could not be examined"):
        await open_video(Mute(b"video"), CLOCK).fingerprint()
