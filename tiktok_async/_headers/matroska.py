"""Reading WebM and Matroska, which consist of nested elements (RFC 8794, RFC 9559)."""

import struct
from collections.abc import Mapping
from datetime import timedelta

from attrs import define, frozen

from tiktok_async._headers.reading import BadHeader, Budget, Header, Reading, seconds, whole

__all__ = ["read_matroska"]

_CODECS: Mapping[bytes, str] = {
    b"V_VP8": "vp8",
    b"V_VP9": "vp9",
    b"V_AV1": "av1",
    b"V_MPEG4/ISO/AVC": "h264",
    b"V_MPEGH/ISO/HEVC": "h265",
    b"A_OPUS": "opus",
    b"A_VORBIS": "vorbis",
    b"A_AAC": "aac",
}
_DOC_TYPE = 0x4282
_SEGMENT = 0x18538067
_INFO, _TRACKS, _CLUSTER = 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_TRACK, _TYPE, _CODEC, _EACH, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0x83, 0x86, 0x23E383, 0xE0, 0xB0, 0xBA
_IS_VIDEO, _IS_AUDIO = 1, 2
_NANOSECONDS = 1_000_000_000
_LONGEST_ID = 4
_LONGEST_VALUE = 64


@frozen(slots=True)
class _Element:
    kind: int
    body: int
    end: int
    endless: bool


@define(slots=True)
class _Track:
    type: int = 0
    codec: str | None = None
    each: int = 0
    width: int | None = None
    height: int | None = None


def read_matroska(size: int) -> Reading[Header]:
    """Read the header of a WebM or Matroska file of *size* bytes, up to its first cluster.

    Raises:
        BadHeader: The file is cut off, or an element is larger than its parent.
    """
    budget = Budget()
    first = yield from _element(0, size, budget)
    doc_type = b""
    for one in (yield from _children(first, budget)):
        if one.kind == _DOC_TYPE:
            doc_type = yield from _text(one)
    segment = yield from _element(first.end, size, budget)
    if segment.kind != _SEGMENT:
        msg = "it has no segment"
        raise BadHeader(msg)
    duration, tracks = None, list[_Track]()
    position = segment.body
    while position < segment.end:
        one = yield from _element(position, segment.end, budget)
        if one.kind == _INFO:
            duration = yield from _length(one, budget)
        elif one.kind == _TRACKS:
            for entry in (yield from _children(one, budget)):
                if entry.kind == _TRACK:
                    tracks.append((yield from _track(entry, budget)))
        elif one.kind == _CLUSTER or one.endless:
            break
        position = one.end
    video = next((track for track in tracks if track.type == _IS_VIDEO), _Track())
    audio = next((track for track in tracks if track.type == _IS_AUDIO), _Track())
    return Header(
        kind="video",
        container="webm" if doc_type == b"webm" else "matroska",
        video=video.codec,
        audio=audio.codec,
        duration=duration,
        width=video.width,
        height=video.height,
        frame_rate=_NANOSECONDS / video.each if video.each else None,
    )


def _element(position: int, end: int, budget: Budget) -> Reading[_Element]:
    budget.take()
    head = yield from whole(position, min(12, end - position))
    kind, after = _number(head, 0, keep_marker=True)
    length, body = _number(head, after, keep_marker=False)
    # All ones: the size is unknown, and the element reaches to the end of its parent.
    endless = length == (1 << 7 * (body - after)) - 1
    stop = end if endless else position + body + length
    if stop > end:
        msg = f"its part {kind:x} at byte {position} says {length} bytes, but {end - position - body} are left"
        raise BadHeader(msg)
    return _Element(kind, position + body, stop, endless)


def _number(head: bytes, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """Read a number of variable length; return it and the position after it."""
    first = head[at] if at < len(head) else 0
    length = 9 - first.bit_length()
    if not first or at + length > len(head) or (keep_marker and length > _LONGEST_ID):
        msg = "it holds an invalid element"
        raise BadHeader(msg)
    value = int.from_bytes(head[at : at + length], "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), at + length


def _children(parent: _Element, budget: Budget) -> Reading[list[_Element]]:
    found: list[_Element] = []
    position = parent.body
    while position < parent.end:
        child = yield from _element(position, parent.end, budget)
        found.append(child)
        position = child.end
    return found


def _text(element: _Element) -> Reading[bytes]:
    return (yield from whole(element.body, min(_LONGEST_VALUE, element.end - element.body))).rstrip(b"\0")


def _integer(element: _Element) -> Reading[int]:
    return int.from_bytes((yield from whole(element.body, min(8, element.end - element.body))), "big")


def _length(info: _Element, budget: Budget) -> Reading[timedelta | None]:
    scale, ticks = 1_000_000, 0.0
    for one in (yield from _children(info, budget)):
        if one.kind == _SCALE:
            scale = yield from _integer(one)
        elif one.kind == _DURATION:
            number = yield from whole(one.body, min(8, one.end - one.body))
            form = {4: ">f", 8: ">d"}.get(len(number))
            ticks = 0.0 if form is None else struct.unpack(form, number)[0]
    return seconds(ticks * scale, _NANOSECONDS)


def _track(entry: _Element, budget: Budget) -> Reading[_Track]:
    track = _Track()
    for one in (yield from _children(entry, budget)):
        if one.kind == _TYPE:
            track.type = yield from _integer(one)
        elif one.kind == _CODEC:
            name = yield from _text(one)
            track.codec = _CODECS.get(name, ascii(name.decode("ascii", "replace"))[1:-1])
        elif one.kind == _EACH:
            track.each = yield from _integer(one)
        elif one.kind == _VIDEO:
            for side in (yield from _children(one, budget)):
                if side.kind == _WIDTH:
                    track.width = yield from _integer(side)
                elif side.kind == _HEIGHT:
                    track.height = yield from _integer(side)
    return track
