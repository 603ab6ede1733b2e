"""A video that is uploaded: checked when it is handed in, and each time its bytes are read."""

import hashlib
import io
import mimetypes
import os
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypeVar, cast

from attrs import frozen

from tiktok_async._publish_state import Fingerprint
from tiktok_async._read_ahead import read_ahead
from tiktok_async._sources import BytesMedia, FileMedia, Media, ObjectMedia, OpenMedia, PathMedia
from tiktok_async.abc import ByteSource, Clock
from tiktok_async.errors import ConfigurationError, SourceChanged, TikTokError, UploadError

T = TypeVar("T")

__all__ = ["UploadSource", "VideoSource", "content_type_of", "open_video"]

UploadSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | ByteSource
"""What a video may be handed in as, beside `PullFromUrl`."""

_SAMPLE = 64 * 1024

_MP4 = "video/mp4"
# https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
_TYPES: Mapping[str, str] = {".mp4": _MP4, ".mov": "video/quicktime", ".webm": "video/webm"}


@frozen(slots=True, kw_only=True)
class VideoSource:
    """A video's bytes.

    Attributes:
        media: Where they come from.
        path: The file, if it is one.
        clock: Gives the loop its turns.
    """

    media: Media
    path: str | None
    clock: Clock

    @classmethod
    def at(cls, path: str, clock: Clock) -> "VideoSource":
        """Return the file at *path*."""
        return cls(media=PathMedia(path), path=path, clock=clock)

    async def fingerprint(self) -> Fingerprint:
        """Return by what this source can be known again; it reads 128 KiB.

        Raises:
            ConfigurationError: It is a file that cannot be read.
            UploadError: It cannot be read.
        """
        try:
            return await self._fingerprint()
        except OSError as error:
            raise ConfigurationError(
                f"The video {self.path or ''} cannot be read ({type(error).__name__}); nothing was sent."
            ) from error

    async def pieces(self, span: range, expected: Fingerprint) -> AsyncGenerator[memoryview, None]:
        """Yield the bytes of *span* in small pieces, the last one only if the source is still the same.

        Raises:
            SourceChanged: It is not the source of *expected* any more, or ends too early.
            UploadError: It cannot be read.
        """
        opened = await _translated(self.media.open(), "cannot be opened any more")
        try:
            await self._compare(opened, expected)

            async def read(offset: int, length: int) -> memoryview:
                return await _exactly(opened, offset, length)

            position = span.start
            async with aclosing(read_ahead(read, span, self.clock)) as pieces:
                async for piece in pieces:
                    position += len(piece)
                    if position == span.stop:
                        # TikTok takes a chunk whole or not at all, so the last piece decides over all of it.
                        await self._compare(opened, expected)
                    yield piece
        finally:
            opened.close()

    async def _fingerprint(self) -> Fingerprint:
        opened = await self.media.open()
        try:
            size, mtime_ns = await opened.stamp()
            head = min(size, _SAMPLE)
            tail = min(size - head, _SAMPLE)
            digest = hashlib.sha256(await _exactly(opened, 0, head))
            digest.update(await _exactly(opened, size - tail, tail))
        finally:
            opened.close()
        return Fingerprint(size=size, sample=digest.hexdigest(), mtime_ns=mtime_ns)

    async def _compare(self, opened: OpenMedia, expected: Fingerprint) -> None:
        size, mtime_ns = await _translated(opened.stamp(), "could not be looked at")
        if not expected.matches(Fingerprint(size=size, sample=expected.sample, mtime_ns=mtime_ns)):
            raise changed()


def changed(publish_id: str | None = None) -> SourceChanged:
    """Return the error of a source that is not the one the upload began with."""
    return SourceChanged(
        "The source is not the one the upload began with: its size, time or contents differ. Upload it as a new post.",
        publish_id=publish_id,
    )


def open_video(source: UploadSource, clock: Clock) -> VideoSource:
    """Tell what kind of source this is; nothing is opened yet.

    Raises:
        ConfigurationError: It is none of the kinds.
    """
    media: Media
    if isinstance(source, str | os.PathLike):
        return VideoSource.at(_absolute(source), clock)
    if isinstance(source, bytes | bytearray | memoryview):
        media = BytesMedia(memoryview(source).cast("B"))
    elif hasattr(source, "seek") and hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        media = FileMedia(cast("BinaryIO", source))
    elif hasattr(source, "size") and hasattr(source, "read"):
        media = ObjectMedia(cast("ByteSource", source))
    else:
        raise ConfigurationError(
            f"A {type(source).__name__} is no source of a video: give a path, bytes, a seekable file opened with 'rb', "
            "PullFromUrl, or a ByteSource (`size`, `async read(offset, length)`)."
        )
    return VideoSource(media=media, path=None, clock=clock)


def content_type_of(path: str | None, content_type: str | None) -> str:
    """Return the media type of a video: the one told, or the one its name says, or MP4.

    Raises:
        ConfigurationError: It is one that TikTok does not take.
    """
    if content_type is not None:
        if content_type not in _TYPES.values():
            raise ConfigurationError(
                f"TikTok does not take {content_type}: content_type is one of {', '.join(_TYPES.values())}."
            )
        return content_type
    suffix = "" if path is None else Path(path).suffix.lower()
    known = _TYPES.get(suffix)
    if known is not None:
        return known
    guessed, _ = mimetypes.guess_type(f"name{suffix}")
    if guessed is not None and guessed.split("/")[0] in {"video", "audio", "image", "text"}:
        raise ConfigurationError(
            f"TikTok takes no {suffix} files: convert the video to MP4, MOV or WebM, or say `content_type=` if the "
            "name is wrong."
        )
    return _MP4


def _absolute(source: "str | os.PathLike[str]") -> str:
    path = os.fspath(source)
    if "://" in path:
        raise ConfigurationError("A URL is no path: wrap it in PullFromUrl to let TikTok fetch the video.")
    return str(Path(path).absolute())


async def _exactly(opened: OpenMedia, offset: int, length: int) -> memoryview:
    """Read *length* bytes, no more and no fewer."""
    block: object = await _translated(opened.read(offset, length), f"could not be read at byte {offset}")
    if not isinstance(block, bytes | bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UploadError(f"The source gave a {type(block).__name__} at byte {offset}; `read` must give bytes.")
    if len(block) != length:
        raise SourceChanged(
            f"The source gave {len(block)} of {length} bytes at byte {offset}. Upload it as a new post."
        )
    return memoryview(block)


async def _translated(work: Awaitable[T], what: str) -> T:
    """Await *work* of a source, and put its failure into our words."""
    try:
        return await work
    except TikTokError:
        raise
    except Exception as error:
        # A source is the caller's code: anything may come out of it.
        raise UploadError(f"The source {what} ({type(error).__name__}); mend that and resume the upload.") from error
