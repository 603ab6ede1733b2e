"""What a video's bytes are taken from, each kind in one form: a stamp, and reading at an offset.

Files are read in a thread of their own, so that a cold disk never stops the event loop.
"""

import asyncio
import inspect
import io
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, Protocol, TypeAlias, TypeVar, cast

from attrs import frozen

from tiktok_async.abc import ByteSource
from tiktok_async.errors import ConfigurationError

T = TypeVar("T")

__all__ = [
    "AsyncFile",
    "AsyncFileMedia",
    "BytesMedia",
    "Digest",
    "FileMedia",
    "FormFile",
    "Media",
    "ObjectMedia",
    "OpenMedia",
    "PathMedia",
    "Read",
    "Stamp",
]


class Stamp(NamedTuple):
    """What can be told of a source without reading it: bytes, and nanoseconds of a file's last write."""

    size: int
    mtime_ns: int | None


Read: TypeAlias = tuple[bytes | memoryview, Stamp]
"""Bytes, and what their source looked like after they were read."""


class Digest(Protocol):
    """What a file's bytes are handed to while they are read, in the thread that reads them."""

    def update(self, data: bytes, /) -> None:
        """Take *data*."""
        ...

    def digest(self) -> bytes:
        """Return the digest of what was taken."""
        ...


class OpenMedia(Protocol):
    """A source that is being read, one call at a time."""

    async def stamp(self) -> Stamp:
        """Return what it looks like now."""
        ...

    def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Awaitable[Read]:
        """Return *length* bytes from *offset* on, fewer where there are no more, and what it looked like after that.

        A file, which has a time, also hands what it reads to *digest*.
        """
        ...

    def close(self) -> None:
        """Let go of what `Media.open` opened, without waiting."""


class Media(Protocol):
    """A source of a video's bytes."""

    async def open(self) -> OpenMedia:
        """Get ready to read."""
        ...


@frozen(slots=True)
class BytesMedia:
    """A video in memory."""

    data: memoryview

    async def open(self) -> "BytesMedia":
        """Return itself."""
        return self

    async def stamp(self) -> Stamp:
        """Return the size."""
        return Stamp(len(self.data), None)

    async def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Read:
        """Return a view."""
        del digest
        return self.data[offset : offset + length], await self.stamp()

    def close(self) -> None:
        """Nothing was opened."""


@frozen(slots=True)
class ObjectMedia:
    """A `ByteSource`."""

    source: ByteSource

    async def open(self) -> "ObjectMedia":
        """Return itself."""
        return self

    async def stamp(self) -> Stamp:
        """Return the size."""
        return Stamp(self.source.size, None)

    async def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Read:
        """Ask the source."""
        del digest
        reading: object = self.source.read(offset, length)
        if not inspect.isawaitable(reading):
            kind = type(self.source).__name__
            raise ConfigurationError(f"A {kind} is no ByteSource: its read is not async.")
        block = await reading
        return block, await self.stamp()

    def close(self) -> None:
        """Nothing was opened."""


class AsyncFile(Protocol):
    """A binary file whose methods are async, as aiofiles, anyio and trio have them."""

    async def read(self, size: int, /) -> bytes:
        """Return at most *size* bytes."""
        ...

    async def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position."""
        ...


class FormFile(Protocol):
    """A file of a web form, as Starlette, FastAPI and Litestar have it."""

    @property
    def file(self) -> IO[bytes]:
        """The file of the standard library's below."""
        ...


@frozen(slots=True)
class AsyncFileMedia:
    """An async binary file that somebody else opened, and closes; all of it counts, wherever its position is."""

    file: AsyncFile

    async def open(self) -> "AsyncFileMedia":
        """Return itself."""
        return self

    async def stamp(self) -> Stamp:
        """Return the size."""
        end: object = await self.file.seek(0, os.SEEK_END)
        tell = getattr(self.file, "tell", None)
        if not isinstance(end, int) and tell is not None:  # pyright: ignore[reportUnnecessaryIsInstance]  # files differ
            end = await tell()
        if not isinstance(end, int):
            raise OSError("the file does not say its size")
        return Stamp(end, None)

    async def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Read:
        """Read at an offset."""
        del digest
        await self.file.seek(offset)
        blocks: list[bytes] = []
        while length and (block := await self.file.read(length)):
            blocks.append(block)
            length -= len(block)
        return b"".join(blocks), await self.stamp()

    def close(self) -> None:
        """Nothing was opened."""


@frozen(slots=True)
class PathMedia:
    """A file, by its path."""

    path: str

    async def open(self) -> OpenMedia:
        """Open the file.

        Raises:
            OSError: It cannot be opened.
        """
        return await _OpenFile.begin(lambda: cast("BinaryIO", Path(self.path).open("rb", buffering=0)), owned=True)


@frozen(slots=True)
class FileMedia:
    """A binary file that somebody else opened, and closes; all of it counts, wherever its position is."""

    file: BinaryIO

    async def open(self) -> OpenMedia:
        """Get ready to read."""
        return await _OpenFile.begin(lambda: self.file, owned=False)


class _OpenFile:
    """A file, and the thread that does one thing after another with it."""

    def __init__(self, *, owned: bool) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tiktok-async-file")
        self._file: BinaryIO | None = None
        self._owned = owned

    @classmethod
    async def begin(cls, get: Callable[[], BinaryIO], *, owned: bool) -> "_OpenFile":
        opened = cls(owned=owned)
        try:
            await opened._run(partial(opened._keep, get))
        except BaseException:
            opened.close()
            raise
        return opened

    async def stamp(self) -> Stamp:
        return await self._run(self._stamp)

    def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Awaitable[Read]:
        # No coroutine: the thread begins at once, and so reads while the block before is being sent.
        return self._run(partial(self._read, offset, length, digest))

    def close(self) -> None:
        # A call that was given up may still be under way in the thread, which comes to this one after it.
        if self._owned:
            self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    def _run(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _keep(self, get: Callable[[], BinaryIO]) -> None:
        self._file = get()
        # What is closed, or has no places to go to, is better told now than in the middle.
        self._stamp()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise FileNotFoundError
        return self._file

    def _stamp(self) -> Stamp:
        file = self._opened()
        # Going to the end writes out what a file open for writing still holds, which would change its time.
        size = file.seek(0, os.SEEK_END)
        if isinstance(file, io.FileIO | io.BufferedReader | io.BufferedRandom):
            return Stamp(size, os.fstat(file.fileno()).st_mtime_ns)
        return Stamp(size, None)

    def _read(self, offset: int, length: int, digest: "Digest | None") -> Read:
        file = self._opened()
        file.seek(offset)
        blocks: list[bytes] = []
        while length and (block := file.read(length)):
            blocks.append(block)
            length -= len(block)
            if digest is not None:
                digest.update(block)
        # Both in one visit to the thread: a second one would cost more than looking.
        return blocks[0] if len(blocks) == 1 else b"".join(blocks), self._stamp()
