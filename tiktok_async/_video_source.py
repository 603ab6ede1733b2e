"""A video that is handed in: what kind of source it is, and of what type."""

import io
import mimetypes
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

from attrs import frozen

from tiktok_async._open_video import OpenVideo
from tiktok_async._publish_state import Fingerprint
from tiktok_async._sources import BytesMedia, FileMedia, Media, ObjectMedia, PathMedia
from tiktok_async.abc import ByteSource, Clock
from tiktok_async.errors import ConfigurationError

__all__ = ["UploadSource", "VideoSource", "content_type_of", "open_video"]

UploadSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | ByteSource
"""What a video may be handed in as, beside `PullFromUrl`."""

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
            ConfigurationError: It is a file that cannot be opened, or that has no places to go to.
            UploadError: It cannot be read.
        """
        async with self.opened() as video:
            return await video.fingerprint()

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[OpenVideo, None]:
        """Keep the source open for the block.

        Raises:
            ConfigurationError: It is a file that cannot be opened, or that has no places to go to.
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
