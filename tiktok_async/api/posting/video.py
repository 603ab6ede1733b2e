"""The source of a video: its kind, its content type, and reading it."""

import asyncio
import hashlib
import inspect
import io
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeVar, cast

from attrs import frozen

from tiktok_async.abc import ByteSource, Clock
from tiktok_async.api.posting.media import (
    AsyncFile,
    AsyncFileMedia,
    BytesMedia,
    Digest,
    FileMedia,
    FormFile,
    Media,
    ObjectMedia,
    OpenMedia,
    PathMedia,
    Read,
    SourceState,
)
from tiktok_async.api.posting.rules.saved import Fingerprint
from tiktok_async.errors import ConfigurationError, SourceChanged, TikTokError, UploadError
from tiktok_async.models._checks import Checks

__all__ = [
    "BLOCK",
    "OpenVideo",
    "UploadSource",
    "VideoSource",
    "changed",
    "content_type_of",
    "open_video",
    "read_ahead",
]


T = TypeVar("T")


BLOCK = 1024 * 1024
"""The bytes of one read: for fewer, starting the thread would cost more than the read."""


async def read_ahead(
    begin: Callable[[int, int], Awaitable[T]],
    finish: Callable[[Awaitable[T], int, int], Awaitable[memoryview]],
    span: range,
    clock: Clock,
) -> AsyncGenerator[memoryview, None]:
    """Yield the bytes of *span* in blocks, reading the next one while one is being sent.

    Args:
        begin: Called with an offset and a length, one call at a time. If it returns a future, the read has already
            begun; a coroutine begins in the loop's next step, which may be a block later.
        finish: Called with the result of *begin* and its arguments.
        span: First byte to one past the last; not empty.
        clock: Lets the loop run between blocks.
    """
    ahead: asyncio.Future[T] | None = None
    try:
        for offset in range(span.start, span.stop, BLOCK):
            length = min(BLOCK, span.stop - offset)
            block = await finish(ahead or asyncio.ensure_future(begin(offset, length)), offset, length)
            ahead, after = None, offset + length
            if after < span.stop:
                ahead = asyncio.ensure_future(begin(after, min(BLOCK, span.stop - after)))
            yield block
            if ahead is not None and ahead.done():
                # There was nothing to wait for: without this, a fast receiver would take a whole chunk at once.
                await clock.sleep(0)
    finally:
        if ahead is not None:
            await _give_up(ahead)


async def _give_up(ahead: "asyncio.Future[T]") -> None:
    """End the read ahead, and retrieve its error, so that asyncio logs no warning."""
    ahead.cancel()
    await asyncio.wait([ahead])
    if not ahead.cancelled():
        ahead.exception()


_SAMPLE = 64 * 1024


class OpenVideo:
    """A video's bytes, one call at a time.

    Args:
        media: The open source.
        clock: Lets the loop run between blocks.
    """

    def __init__(self, media: OpenMedia, clock: Clock) -> None:
        self._media = media
        self._clock = clock
        self._digest: Digest | None = None

    async def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of this video; it reads 128 KiB.

        Raises:
            UploadError: It cannot be read.
        """
        size, mtime_ns = await _translated(self._media.state(), "could not be examined")
        head = min(size, _SAMPLE)
        tail = min(size - head, _SAMPLE)
        start, _ = await _whole(self._media.read(0, head), 0, head)
        end, _ = await _whole(self._media.read(size - tail, tail), size - tail, tail)
        digest = hashlib.sha256(start)
        digest.update(end)
        return Fingerprint(size=size, sample=digest.hexdigest(), mtime_ns=mtime_ns)

    async def size(self) -> int:
        """Return its size in bytes.

        Raises:
            UploadError: It cannot be examined.
        """
        return (await _translated(self._media.state(), "could not be examined")).size

    async def read(self, offset: int, length: int) -> memoryview:
        """Return exactly *length* bytes from *offset* on.

        Raises:
            SourceChanged: There are fewer.
            UploadError: It cannot be read.
        """
        return (await _whole(self._media.read(offset, length), offset, length))[0]

    def blocks(self, span: range, expected: Fingerprint) -> AsyncGenerator[memoryview, None]:
        """Return the bytes of *span* in blocks, and none after a change of the video.

        Raises:
            SourceChanged: It is not the video of *expected* any more, or is too short.
            UploadError: It cannot be read.
        """
        # A file may be replaced by a copy with another time; then its bytes are compared.
        digest = self._digest = hashlib.sha256() if expected.mtime_ns is not None else None

        async def same(reading: Awaitable[Read], offset: int, length: int) -> memoryview:
            block, (size, mtime_ns) = await _whole(reading, offset, length)
            if not expected.matches(Fingerprint(size=size, sample=expected.sample, mtime_ns=mtime_ns)):
                raise changed("it was written to meanwhile")
            return block

        return read_ahead(partial(self._media.read, digest=digest), same, span, self._clock)

    def digest(self) -> bytes | None:
        """Return the SHA-256 of the last range that `blocks` read completely; `None` if it is not a file."""
        return None if self._digest is None else self._digest.digest()


def changed(part: str, publish_id: str | None = None) -> SourceChanged:
    """Return the error for a source that is not the one with which the upload began.

    Args:
        part: The part that differs, as a clause.
        publish_id: The post.
    """
    return SourceChanged(
        f"The source is not the one with which the upload began: {part}. Upload it as a new post.",
        publish_id=publish_id,
    )


async def _translated(work: Awaitable[T], what: str) -> T:
    """Await *work* of a source, and translate its failure."""
    try:
        return await work
    except TikTokError:
        raise
    except Exception as error:
        # A source is the caller's code, so it may raise anything.
        raise UploadError(f"The source {what} ({type(error).__name__}); correct that and resume the upload.") from error


async def _whole(reading: Awaitable[Read], offset: int, length: int) -> tuple[memoryview, SourceState]:
    """Await *reading*, which must give *length* bytes, no more and no fewer."""
    block: object
    block, state = await _translated(reading, f"could not be read at byte {offset}")
    if not isinstance(block, bytes | bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UploadError(f"The source gave a {type(block).__name__} at byte {offset}; `read` must give bytes.")
    if len(block) != length:
        raise SourceChanged(
            f"The source gave {len(block)} of {length} bytes at byte {offset}. Upload it as a new post."
        )
    return memoryview(block), state


UploadSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | AsyncFile | FormFile | ByteSource
)
"""The accepted sources of a video, besides `PullFromUrl`."""

_MP4 = "video/mp4"
# https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
_TYPES: Mapping[str, str] = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": "video/quicktime",
    ".qt": "video/quicktime",
    ".webm": "video/webm",
}
# Names of formats that TikTok refuses. A table of our own, since the machine's differs between containers.
_OTHER_FORMATS = frozenset(
    name
    for names in (
        ".3g2 .3gp .asf .avi .divx .f4v .flv .m2ts .m2v .mkv .mpe .mpeg .mpg .mts .mxf .ogm .ogv .rm .rmvb .ts .vob",
        ".wmv",
        ".aac .aif .aiff .flac .m4a .mid .mp3 .oga .ogg .opus .wav .weba .wma",
        ".avif .bmp .gif .heic .heif .ico .jpeg .jpg .png .psd .svg .tif .tiff .webp",
        ".css .csv .doc .docx .gz .htm .html .json .log .md .pdf .py .rar .rtf .srt .tar .txt .vtt .xml .yaml .yml",
        ".zip",
    )
    for name in names.split()
)


@frozen(slots=True, kw_only=True)
class VideoSource:
    """A video's bytes.

    Attributes:
        media: The source.
        path: The file, if it is one.
        clock: Lets the loop run between blocks.
    """

    media: Media
    path: str | None
    clock: Clock

    @classmethod
    def at(cls, path: str, clock: Clock) -> "VideoSource":
        """Return the file at *path*."""
        return cls(media=PathMedia(path), path=path, clock=clock)

    async def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of this source; it reads 128 KiB.

        Raises:
            ConfigurationError: It is a file that cannot be opened, or that cannot seek.
            UploadError: It cannot be read.
        """
        async with self.opened() as video:
            try:
                return await video.fingerprint()
            except SourceChanged as error:
                problem = str(error).split(" Upload", 1)[0]
        raise ConfigurationError(f"{problem} Its size is wrong, or it is being written; nothing was sent.")

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[OpenVideo, None]:
        """Keep the source open for the block.

        Raises:
            ConfigurationError: It is a file that cannot be opened, or that cannot seek.
        """
        try:
            media = await self.media.open()
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The video {self.path or ''} cannot be read ({type(error).__name__}); nothing was sent."
            ) from error
        try:
            yield OpenVideo(media, self.clock)
        finally:
            media.close()


def open_video(source: UploadSource, clock: Clock) -> VideoSource:
    """Return the source for *source*; nothing is opened yet.

    Raises:
        ConfigurationError: It is not an accepted source.
    """
    media: Media
    if isinstance(source, str | os.PathLike):
        return VideoSource.at(_absolute(source), clock)
    if isinstance(source, bytes | bytearray | memoryview):
        media = BytesMedia(memoryview(source).cast("B"))
        return VideoSource(media=media, path=None, clock=clock)
    # Frameworks wrap a file of the standard library; it is read in this library's thread, not in theirs.
    inner = getattr(source, "file", None)
    whole = inner if _is_file(inner) else source
    if _is_file(whole):
        _refuse_unseekable(whole)
        media = FileMedia(cast("BinaryIO", whole))
    elif _is_async(source, "read") and _is_async(source, "seek"):
        media = AsyncFileMedia(cast("AsyncFile", source))
    elif hasattr(source, "size") and hasattr(source, "read") and not hasattr(source, "seek"):
        found: Any = source
        _check_object(found)
        media = ObjectMedia(found)
    else:
        raise ConfigurationError(f"A {type(source).__name__} is not a source of a video: {_SOURCES}")
    return VideoSource(media=media, path=None, clock=clock)


_SOURCES = (
    "give a path, bytes, a seekable file opened with 'rb' (an async one too), PullFromUrl, or a ByteSource (`size`, "
    "`async read(offset, length)`). Write a stream, such as an answer's body or a pipe, to a temporary file first: "
    "its size must be known, and a lost chunk is read again."
)


def _is_async(source: object, name: str) -> bool:
    return inspect.iscoroutinefunction(getattr(source, name, None))


def _is_file(source: object) -> bool:
    """Whether *source* has the methods of a binary file of the standard library, none of them async."""
    named = all(callable(getattr(source, name, None)) for name in ("read", "seek"))
    return (
        named
        and not isinstance(source, io.TextIOBase)
        and not any(_is_async(source, name) for name in ("read", "seek"))
    )


def _refuse_unseekable(file: object) -> None:
    seekable = getattr(file, "seekable", None)
    try:
        told = seekable() if callable(seekable) else True
    except ValueError:
        raise ConfigurationError("The video's file is closed: open it again, or give its path.") from None
    if not told:
        raise ConfigurationError(f"A {type(file).__name__} that cannot seek is not a source of a video: {_SOURCES}")


def _check_object(source: ByteSource) -> None:
    """Refuse an invalid `ByteSource`.

    Raises:
        ConfigurationError: Its size is not a size.
    """
    checks = Checks()
    checks.whole("size", source.size, least=1, optional=False)
    checks.refuse(f"This {type(source).__name__} is not a ByteSource")


def content_type_of(path: str | None, content_type: str | None) -> str:
    """Return the media type of a video: the given one, or the one of its name, or MP4.

    Raises:
        ConfigurationError: TikTok does not accept it.
    """
    if content_type is not None:
        if content_type not in _TYPES.values():
            raise ConfigurationError(
                f"TikTok does not accept {content_type}: content_type must be one of {', '.join(_TYPES.values())}."
            )
        return content_type
    suffix = "" if path is None else Path(path).suffix.lower()
    known = _TYPES.get(suffix)
    if known is not None:
        return known
    if suffix in _OTHER_FORMATS:
        raise ConfigurationError(
            f"TikTok does not accept {suffix} files: convert the video to MP4, MOV or WebM, or give `content_type` if "
            "the name is wrong."
        )
    return _MP4


def _absolute(source: "str | os.PathLike[str]") -> str:
    path = os.fspath(source)
    if "://" in path:
        raise ConfigurationError("A URL is not a path: wrap it in PullFromUrl to let TikTok fetch the video.")
    return str(Path(path).absolute())
