"""The sources of a video's bytes, all with one interface: a state, and reading at an offset.

Files are read in a thread of their own, so that a slow disk never blocks the event loop.
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
    "SourceState",
]


class SourceState(NamedTuple):
    """The state of a source, known without reading it: its size, and the time of a file's last write in nanoseconds."""

    size: int
    mtime_ns: int | None


Read: TypeAlias = tuple[bytes | memoryview, SourceState]
"""Bytes, and the state of their source after they were read."""


class Digest(Protocol):
    """Receives a file's bytes while they are read, in the thread that reads them."""

    def update(self, data: bytes, /) -> None:
        """Take *data*."""
        ...

    def digest(self) -> bytes:
        """Return the digest of the bytes taken."""
        ...


class OpenMedia(Protocol):
    """An open source, used by one call at a time."""

    async def state(self) -> SourceState:
        """Return its present state."""
        ...

    def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Awaitable[Read]:
        """Return *length* bytes from *offset* on, fewer at the end, and the state after that.

        A file also passes its bytes to *digest*.
        """
        ...

    def close(self) -> None:
        """Close the source that `Media.open` opened, without waiting."""


class Media(Protocol):
    """A source of a video's bytes."""

    async def open(self) -> OpenMedia:
        """Open it for reading."""
        ...


@frozen(slots=True)
class BytesMedia:
    """A video in memory."""

    data: memoryview

    async def open(self) -> "BytesMedia":
        """Return itself."""
        return self

    async def state(self) -> SourceState:
        """Return the size."""
        return SourceState(len(self.data), None)

    async def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Read:
        """Return a view."""
        del digest
        return self.data[offset : offset + length], await self.state()

    def close(self) -> None:
        """Do nothing, since nothing was opened."""


@frozen(slots=True)
class ObjectMedia:
    """A `ByteSource`."""

    source: ByteSource

    async def open(self) -> "ObjectMedia":
        """Return itself."""
        return self

    async def state(self) -> SourceState:
        """Return the size."""
        return SourceState(self.source.size, None)

    async def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Read:
        """Read from the source."""
        del digest
        reading: object = self.source.read(offset, length)
        if not inspect.isawaitable(reading):
            kind = type(self.source).__name__
            raise ConfigurationError(f"A {kind} is not a ByteSource: its read is not async.")
        block = await reading
        return block, await self.state()

    def close(self) -> None:
        """Do nothing, since nothing was opened."""


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
        """The file of the standard library inside."""
        ...


@frozen(slots=True)
class AsyncFileMedia:
    """An async binary file that the caller opened and closes; the whole file is read, from any position."""

    file: AsyncFile

    async def open(self) -> "AsyncFileMedia":
        """Return itself."""
        return self

    async def state(self) -> SourceState:
        """Return the size."""
        end: object = await self.file.seek(0, os.SEEK_END)
        tell = getattr(self.file, "tell", None)
        if not isinstance(end, int) and tell is not None:  # pyright: ignore[reportUnnecessaryIsInstance]  # files differ
            end = await tell()
        if not isinstance(end, int):
            raise OSError("the file does not say its size")
        return SourceState(end, None)

    async def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Read:
        """Read at an offset."""
        del digest
        await self.file.seek(offset)
        blocks: list[bytes] = []
        while length and (block := await self.file.read(length)):
            blocks.append(block)
            length -= len(block)
        return b"".join(blocks), await self.state()

    def close(self) -> None:
        """Do nothing, since nothing was opened."""


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
    """A binary file that the caller opened and closes; the whole file is read, from any position."""

    file: BinaryIO

    async def open(self) -> OpenMedia:
        """Open it for reading."""
        return await _OpenFile.begin(lambda: self.file, owned=False)


class _OpenFile:
    """A file, and the thread that runs all its operations in order."""

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

    async def state(self) -> SourceState:
        return await self._run(self._state)

    def read(self, offset: int, length: int, digest: "Digest | None" = None) -> Awaitable[Read]:
        # Not a coroutine: the thread begins at once, and so reads while the previous block is being sent.
        return self._run(partial(self._read, offset, length, digest))

    def close(self) -> None:
        # A cancelled call may still run in the thread; this one runs after it.
        if self._owned:
            self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    def _run(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _keep(self, get: Callable[[], BinaryIO]) -> None:
        self._file = get()
        # A file that is closed or cannot seek is reported now, not in the middle.
        self._state()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise FileNotFoundError
        return self._file

    def _state(self) -> SourceState:
        file = self._opened()
        # Seeking to the end flushes a file that is open for writing, which would change its time.
        size = file.seek(0, os.SEEK_END)
        if isinstance(file, io.FileIO | io.BufferedReader | io.BufferedRandom):
            return SourceState(size, os.fstat(file.fileno()).st_mtime_ns)
        return SourceState(size, None)

    def _read(self, offset: int, length: int, digest: "Digest | None") -> Read:
        file = self._opened()
        file.seek(offset)
        blocks: list[bytes] = []
        while length and (block := file.read(length)):
            blocks.append(block)
            length -= len(block)
            if digest is not None:
                digest.update(block)
        # Both in one call of the thread: a second call would cost more than the state itself.
        return blocks[0] if len(blocks) == 1 else b"".join(blocks), self._state()
