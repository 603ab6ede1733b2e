"""Finds out a file's format from its first bytes, and reads its header without other packages."""

import struct

from tiktok_async._headers.isobmff import read_isobmff
from tiktok_async._headers.matroska import read_matroska
from tiktok_async._headers.reading import BadHeader, Budget, Header, Reading, whole

__all__ = ["read_header"]

_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_START = 32
# Start of frame: the JPEG markers that hold the picture's size.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}
_OTHERS = (
    (0, b"FLV", "flv"),
    (0, b"OggS", "ogg"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "wmv"),
    (8, b"AVI ", "avi"),
)


def read_header(size: int) -> Reading[Header]:
    """Read the header of a file of *size* bytes.

    Raises:
        BadHeader: Its format is unknown, or it is cut off or contradicts itself.
    """
    start = yield 0, min(size, _START)
    if start[4:8] in _BOXES:
        return (yield from read_isobmff(size))
    if start.startswith(b"\x1a\x45\xdf\xa3"):
        return (yield from read_matroska(size))
    picture = yield from _picture(start, size)
    if picture is not None:
        return picture
    for offset, magic, name in _OTHERS:
        if start[offset:].startswith(magic):
            return Header(kind="video", container=name)
    msg = "it is empty" if not size else "its first bytes are not those of a known video or picture format"
    raise BadHeader(msg)


def _picture(start: bytes, size: int) -> Reading[Header | None]:
    if start.startswith(b"\xff\xd8\xff"):
        return (yield from _jpeg(size))
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(start, size)
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack(">II", (yield from whole(16, 8)))
        return Header(kind="photo", container="png", width=width, height=height)
    if start[:6] in {b"GIF87a", b"GIF89a"}:
        width, height = struct.unpack("<HH", (yield from whole(6, 4)))
        return Header(kind="photo", container="gif", width=width, height=height)
    return None


def _jpeg(size: int) -> Reading[Header]:
    budget, position = Budget(), 2
    while position < size:
        budget.take()
        lead, marker = yield from whole(position, 2)
        if lead != 0xFF:  # noqa: PLR2004 - the first byte of every marker
            break
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", (yield from whole(position + 5, 4)))
            return Header(kind="photo", container="jpeg", width=width, height=height)
        if marker == 0xFF:  # noqa: PLR2004 - fill bytes may come before a marker
            position += 1
        elif marker in _ALONE:
            position += 2
        else:
            (length,) = struct.unpack(">H", (yield from whole(position + 2, 2)))
            position += 2 + max(length, 2)
    msg = "it has no picture (no frame header)"
    raise BadHeader(msg)


def _webp(start: bytes, size: int) -> Header:
    (riff,) = struct.unpack_from("<I", start, 4)
    if riff + 8 > size or len(start) < 30:  # noqa: PLR2004 - the length that holds the size in each kind
        msg = f"its header says {riff + 8} bytes, but it has {size}"
        raise BadHeader(msg)
    kind = start[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(start[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", start, 26))
    else:
        msg = "it has no picture"
        raise BadHeader(msg)
    return Header(kind="photo", container="webp", width=width, height=height)
