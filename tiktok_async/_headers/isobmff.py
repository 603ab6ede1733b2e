"""Reading MP4 and MOV: nested boxes (ISO/IEC 14496-12, and Apple's older QuickTime File Format)."""

import struct
from collections.abc import Mapping
from datetime import timedelta

from attrs import define, frozen

from tiktok_async._headers.reading import BadHeader, Budget, Header, Reading, seconds, whole

__all__ = ["read_isobmff"]

_CODECS: Mapping[str, str] = {
    "avc1": "h264",
    "avc3": "h264",
    "hvc1": "h265",
    "hev1": "h265",
    "dvh1": "h265",
    "dvhe": "h265",
    "vp08": "vp8",
    "vp09": "vp9",
    "av01": "av1",
    "mp4v": "mpeg4",
    "apch": "prores",
    "apcn": "prores",
    "apcs": "prores",
    "ap4h": "prores",
    "mp4a": "aac",
    ".mp3": "mp3",
    "Opus": "opus",
    "ac-3": "ac3",
    "ec-3": "eac3",
    "fLaC": "flac",
}
_PICTURES = {b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"avif": "avif"}
# More entries than ten minutes of frames at 60 a second need.
_MOST_RATES = 40_000
_SMALLEST = 8


@frozen(slots=True)
class _Box:
    kind: bytes
    body: int
    end: int


@define(slots=True)
class _Track:
    number: int = 0
    handler: bytes = b""
    timescale: int = 0
    ticks: int = 0
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    frames: int = 0
    frame_ticks: int = 0


def read_isobmff(size: int) -> Reading[Header]:
    """Read the header of an MP4 or MOV file of *size* bytes; the media data is skipped.

    Raises:
        BadHeader: The file is cut off, or a box is larger than its parent.
    """
    budget = Budget()
    brand, movie, fragmented, position = b"", None, False, 0
    while size - position >= _SMALLEST and not fragmented:
        box = yield from _box(position, size, budget)
        if box.kind == b"ftyp" and not brand:
            brand = yield from whole(box.body, min(4, box.end - box.body))
        elif box.kind == b"moov" and movie is None:
            movie = box
        fragmented = box.kind == b"moof"
        position = box.end
    if brand in _PICTURES:
        return Header(kind="photo", container=_PICTURES[brand])
    if movie is None:
        msg = "it has no movie header (moov)"
        raise BadHeader(msg)
    # Files of old QuickTime have no brand.
    container = "mov" if brand in {b"qt  ", b""} else "mp4"
    return (yield from _movie(movie, container, budget))


def _box(position: int, end: int, budget: Budget) -> Reading[_Box]:
    budget.take()
    head = yield from whole(position, min(16, end - position))
    size, kind = struct.unpack_from(">I4s", head)
    start = position + 8
    if size == 1 and len(head) == 16:  # noqa: PLR2004 - the long form of a header
        (size,) = struct.unpack_from(">Q", head, 8)
        start = position + 16
    elif size == 0:
        size = end - position
    if not start - position <= size <= end - position:
        name = kind.decode("ascii", "replace")
        msg = f"its part {name!a} at byte {position} says {size} bytes, but {end - position} are left"
        raise BadHeader(msg)
    return _Box(kind, start, position + size)


def _children(box: _Box, budget: Budget, *, skip: int = 0) -> Reading[list[_Box]]:
    found: list[_Box] = []
    position = box.body + skip
    # QuickTime may end a list with four zero bytes.
    while box.end - position >= _SMALLEST:
        child = yield from _box(position, box.end, budget)
        found.append(child)
        position = child.end
    return found


def _movie(movie: _Box, container: str, budget: Budget) -> Reading[Header]:
    tracks: list[_Track] = []
    timescale = ticks = fragment_ticks = 0
    defaults: dict[int, int] = {}
    for box in (yield from _children(movie, budget)):
        if box.kind == b"mvhd":
            timescale, ticks = yield from _times(box)
        elif box.kind == b"trak":
            tracks.append((yield from _track(box, budget)))
        elif box.kind == b"mvex":
            fragment_ticks, defaults = yield from _extends(box, budget)
    video = next((track for track in tracks if track.handler == b"vide"), None)
    audio = next((track for track in tracks if track.handler == b"soun"), None)
    duration = seconds(ticks or fragment_ticks, timescale)
    if duration is None:
        known = [length for track in tracks if (length := seconds(track.ticks, track.timescale)) is not None]
        duration = max(known, default=None)
    sound = None if audio is None else audio.codec
    if video is None:
        return Header(kind="video", container=container, audio=sound, duration=duration)
    return _of_video(video, container, sound, duration, defaults)


def _of_video(
    video: _Track, container: str, sound: str | None, duration: timedelta | None, defaults: Mapping[int, int]
) -> Header:
    if not video.frame_ticks and defaults.get(video.number):
        video.frames, video.frame_ticks = 1, defaults[video.number]
    rate = video.frames * video.timescale / video.frame_ticks if video.frame_ticks and video.timescale else None
    return Header(
        kind="video",
        container=container,
        video=video.codec,
        audio=sound,
        duration=duration,
        width=video.width,
        height=video.height,
        frame_rate=rate or None,
    )


def _part(box: _Box, skip: int, length: int) -> Reading[bytes]:
    """Return *length* bytes of a box from offset *skip* on."""
    if box.body + skip + length > box.end:
        name = box.kind.decode("ascii", "replace")
        msg = f"its part {name!a} is too short"
        raise BadHeader(msg)
    return (yield from whole(box.body + skip, length))


def _times(box: _Box) -> Reading[tuple[int, int]]:
    """Return the timescale and the duration of an `mvhd` or `mdhd`; all ones means unknown."""
    version = (yield from _part(box, 0, 1))[0]
    if version == 1:
        timescale, ticks = struct.unpack(">IQ", (yield from _part(box, 20, 12)))
        return timescale, 0 if ticks == 2**64 - 1 else ticks
    timescale, ticks = struct.unpack(">II", (yield from _part(box, 12, 8)))
    return timescale, 0 if ticks == 2**32 - 1 else ticks


def _extends(mvex: _Box, budget: Budget) -> Reading[tuple[int, dict[int, int]]]:
    """Return the length of all fragments together, and the default length of a frame of each track."""
    ticks, defaults = 0, dict[int, int]()
    for box in (yield from _children(mvex, budget)):
        if box.kind == b"mehd":
            ticks = yield from _mehd(box)
        elif box.kind == b"trex":
            number, _, each = struct.unpack(">III", (yield from _part(box, 4, 12)))
            defaults[number] = each
    return ticks, defaults


def _mehd(box: _Box) -> Reading[int]:
    version = (yield from _part(box, 0, 1))[0]
    length = 8 if version == 1 else 4
    return int.from_bytes((yield from _part(box, 4, length)), "big")


def _track(trak: _Box, budget: Budget) -> Reading[_Track]:
    track = _Track()
    media = [b"mdia", b"minf", b"stbl"]
    boxes = yield from _children(trak, budget)
    tables: list[_Box] = []
    while boxes:
        box = boxes.pop(0)
        if box.kind in media:
            # Each is inside the one before and occurs once, so there can be no endless loop.
            media.remove(box.kind)
            boxes += yield from _children(box, budget)
        elif box.kind == b"tkhd":
            version = (yield from _part(box, 0, 1))[0]
            track.number = int.from_bytes((yield from _part(box, 20 if version == 1 else 12, 4)), "big")
        elif box.kind == b"mdhd":
            track.timescale, track.ticks = yield from _times(box)
        elif box.kind == b"hdlr" and not track.handler:
            track.handler = yield from _part(box, 8, 4)
        elif box.kind in {b"stsd", b"stts"}:
            tables.append(box)
    for box in tables:
        if box.kind == b"stsd":
            yield from _description(box, track)
        elif track.handler == b"vide":
            yield from _rates(box, track)
    return track


def _description(box: _Box, track: _Track) -> Reading[None]:
    """Read the first sample entry: the codec, and the coded size of a video."""
    kind = (yield from _part(box, 12, 4)).decode("ascii", "replace")
    track.codec = _CODECS.get(kind, ascii(kind.strip("\0 "))[1:-1])
    if track.handler == b"vide":
        track.width, track.height = struct.unpack(">HH", (yield from _part(box, 40, 4)))


def _rates(box: _Box, track: _Track) -> Reading[None]:
    """Read the number of frames and their length from `stts`, which has pairs of a count and a length."""
    count = int.from_bytes((yield from _part(box, 4, 4)), "big")
    pairs = yield from _part(box, 8, 8 * min(count, _MOST_RATES))
    for frames, ticks in struct.iter_unpack(">II", pairs):
        track.frames += frames
        track.frame_ticks += frames * ticks
