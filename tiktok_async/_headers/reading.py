"""Reading a header without knowing the source of its bytes: a generator asks for ranges and is sent the bytes.

So the same code reads a file, bytes in memory and an object in a bucket. The number and the size of the reads are
bounded, also for a malicious file.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Literal, TypeAlias, TypeVar

from attrs import frozen

__all__ = ["BadHeader", "Budget", "Header", "Reading", "seconds", "whole"]

T = TypeVar("T")

Reading: TypeAlias = Generator[tuple[int, int], bytes, T]
"""Yields (offset, length) and is sent that many bytes, fewer at the end of the file; returns the result."""

# A usual file has some 60 boxes; the fragments of a long video are not read.
_MOST_PARTS = 2_000
_MOST_SECONDS = 10**9


class BadHeader(ValueError):
    """The file contradicts itself: it is cut off, or a size in it is wrong. The message says where."""


@frozen(slots=True, kw_only=True)
class Header:
    """The facts in a file's header; `None` for a fact that is not there.

    Attributes:
        kind: Whether it is a video or a photo.
        container: The format, such as `mp4`.
        video: The video's codec.
        audio: The audio's codec; `None` also without audio.
        duration: The length of the video.
        width: Pixels.
        height: Pixels.
        frame_rate: Frames a second, on average.
    """

    kind: Literal["video", "photo"]
    container: str
    video: str | None = None
    audio: str | None = None
    duration: timedelta | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None


class Budget:
    """The number of parts of a file that may still be read."""

    def __init__(self) -> None:
        self._left = _MOST_PARTS

    def take(self) -> None:
        """Count one part.

        Raises:
            BadHeader: The file has too many.
        """
        self._left -= 1
        if self._left < 0:
            msg = f"its header has more than {_MOST_PARTS} parts"
            raise BadHeader(msg)


def whole(offset: int, length: int) -> Reading[bytes]:
    """Return *length* bytes from *offset* on.

    Raises:
        BadHeader: The file is shorter.
    """
    found = yield offset, length
    if len(found) < length:
        msg = f"it is cut off at byte {offset + len(found)}"
        raise BadHeader(msg)
    return found


def seconds(ticks: float, per_second: float) -> timedelta | None:
    """Return a duration; `None` if the file has none.

    Raises:
        BadHeader: It is too long for any video.
    """
    if ticks <= 0 or per_second <= 0:
        return None
    length = ticks / per_second
    # Written in this order, so that a NaN fails the test, too.
    if not length < _MOST_SECONDS:
        msg = "its header says that it is decades long"
        raise BadHeader(msg)
    return timedelta(seconds=length)
