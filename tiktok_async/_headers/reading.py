"""How a header is read without knowing where its bytes come from: a generator asks for ranges and is sent the bytes.

So the same code reads a file, bytes in memory and an object in a bucket, and a hostile file costs a bounded number of
bounded reads.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Literal, TypeAlias, TypeVar

from attrs import frozen

__all__ = ["BadHeader", "Budget", "Header", "Reading", "seconds", "whole"]

T = TypeVar("T")

Reading: TypeAlias = Generator[tuple[int, int], bytes, T]
"""Yields (offset, length), is sent that many bytes, fewer at the end of the file; returns what was found."""

# A usual file has some 60 boxes; a film's fragments are not walked through.
_MOST_PARTS = 2_000
_MOST_SECONDS = 10**9


class BadHeader(ValueError):
    """The file contradicts itself: it is cut off, or a size in it lies. The message says where."""


@frozen(slots=True, kw_only=True)
class Header:
    """What a file's header says of it; `None` where it does not say.

    Attributes:
        kind: Whether it is a video or a photo.
        container: The format, such as `mp4`.
        video: The video's codec.
        audio: The audio's codec; `None` also where there is none.
        duration: How long it lasts.
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
    """How many parts of a file may still be looked at."""

    def __init__(self) -> None:
        self._left = _MOST_PARTS

    def take(self) -> None:
        """Count one part.

        Raises:
            BadHeader: There were too many.
        """
        self._left -= 1
        if self._left < 0:
            msg = f"its header has more than {_MOST_PARTS} parts"
            raise BadHeader(msg)


def whole(offset: int, length: int) -> Reading[bytes]:
    """Return *length* bytes from *offset* on.

    Raises:
        BadHeader: The file ends before.
    """
    found = yield offset, length
    if len(found) < length:
        msg = f"it is cut off at byte {offset + len(found)}"
        raise BadHeader(msg)
    return found


def seconds(ticks: float, per_second: float) -> timedelta | None:
    """Return a duration; `None` where the file says none.

    Raises:
        BadHeader: No video lasts so long.
    """
    if ticks <= 0 or per_second <= 0:
        return None
    length = ticks / per_second
    # Written this way round, so that what is not a number does not pass either.
    if not length < _MOST_SECONDS:
        msg = "it says that it lasts for decades"
        raise BadHeader(msg)
    return timedelta(seconds=length)
