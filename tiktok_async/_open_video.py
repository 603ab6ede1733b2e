"""A video that is being read: by what it is known again, and its bytes, each block checked to be of the same video."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar

from tiktok_async._publish_state import Fingerprint
from tiktok_async._read_ahead import read_ahead
from tiktok_async._sources import OpenMedia, Read, Stamp
from tiktok_async.abc import Clock
from tiktok_async.errors import SourceChanged, TikTokError, UploadError

T = TypeVar("T")

__all__ = ["OpenVideo", "changed"]

_SAMPLE = 64 * 1024


class OpenVideo:
    """A video's bytes, one call at a time.

    Args:
        media: Where they come from; open.
        clock: Gives the loop its turns.
    """

    def __init__(self, media: OpenMedia, clock: Clock) -> None:
        self._media = media
        self._clock = clock

    async def fingerprint(self) -> Fingerprint:
        """Return by what this video can be known again; it reads 128 KiB.

        Raises:
            UploadError: It cannot be read.
        """
        size, mtime_ns = await _translated(self._media.stamp(), "could not be looked at")
        head = min(size, _SAMPLE)
        tail = min(size - head, _SAMPLE)
        start, _ = await _whole(self._media.read(0, head), 0, head)
        end, _ = await _whole(self._media.read(size - tail, tail), size - tail, tail)
        digest = hashlib.sha256(start)
        digest.update(end)
        return Fingerprint(size=size, sample=digest.hexdigest(), mtime_ns=mtime_ns)

    def blocks(self, span: range, expected: Fingerprint) -> AsyncGenerator[memoryview, None]:
        """Return the bytes of *span* in blocks, none of them read after the video changed.

        Raises:
            SourceChanged: It is not the video of *expected* any more, or ends too early.
            UploadError: It cannot be read.
        """

        async def same(reading: Awaitable[Read], offset: int, length: int) -> memoryview:
            block, (size, mtime_ns) = await _whole(reading, offset, length)
            if not expected.matches(Fingerprint(size=size, sample=expected.sample, mtime_ns=mtime_ns)):
                raise changed()
            return block

        return read_ahead(self._media.read, same, span, self._clock)


def changed(publish_id: str | None = None) -> SourceChanged:
    """Return the error of a source that is not the one the upload began with."""
    return SourceChanged(
        "The source is not the one the upload began with: its size, time or contents differ. Upload it as a new post.",
        publish_id=publish_id,
    )


async def _translated(work: Awaitable[T], what: str) -> T:
    """Await *work* of a source, and put its failure into our words."""
    try:
        return await work
    except TikTokError:
        raise
    except Exception as error:
        # A source is the caller's code: anything may come out of it.
        raise UploadError(f"The source {what} ({type(error).__name__}); mend that and resume the upload.") from error


async def _whole(reading: Awaitable[Read], offset: int, length: int) -> tuple[memoryview, Stamp]:
    """Await *reading*, which must give *length* bytes, no more and no fewer."""
    block: object
    block, stamp = await _translated(reading, f"could not be read at byte {offset}")
    if not isinstance(block, bytes | bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
        raise UploadError(f"The source gave a {type(block).__name__} at byte {offset}; `read` must give bytes.")
    if len(block) != length:
        raise SourceChanged(
            f"The source gave {len(block)} of {length} bytes at byte {offset}. Upload it as a new post."
        )
    return memoryview(block), stamp
