"""TikTok's checks of a complete video or photo, and the cover of a video.

The emulator uses PyAV and Pillow here, so these checks do not depend on the library's own parsers.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import io
import struct
import zlib
from typing import Any, Final

_FORMATS: Final = {"mov", "mp4", "webm", "matroska"}
_CODECS: Final = {"h264", "hevc", "vp8", "libvpx", "libvpx-vp9", "vp9"}
_LEAST, _MOST = 360, 4096
_SLOWEST, _FASTEST = 23, 60
_LONGEST_SECONDS = 600
_PHOTO_FORMATS: Final = {"JPEG", "WEBP"}
_PHOTO_SHORT, _PHOTO_LONG = 1080, 1920
_LARGEST_PHOTO: Final = 20_000_000


def refused_photo(data: bytes, limited: str) -> str | None:
    """Return the `fail_reason` of a photo, or `None`.

    Args:
        data: All its bytes.
        limited: What "1080p" limits: `both_sides`, the `shorter_side`, or the `width`.

    Raises:
        ImportError: Pillow is not installed.
    """
    from PIL import Image

    # Both size limits are checked before decoding: a small file may decode to gigabytes.
    if len(data) > _LARGEST_PHOTO:
        return "picture_size_check_failed"
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.format not in _PHOTO_FORMATS:
                return "file_format_check_failed"
            short, long = sorted(picture.size)
            counted = picture.width if limited == "width" else short
            if counted > _PHOTO_SHORT or (limited == "both_sides" and long > _PHOTO_LONG):
                return "picture_size_check_failed"
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "file_format_check_failed"
    return None


def refused(data: bytes, longest: int) -> str | None:
    """Return the `fail_reason` of a video, or `None`.

    Args:
        data: All its bytes.
        longest: The maximum duration of this creator's videos, in seconds.

    Raises:
        ImportError: PyAV is not installed.
    """
    import av

    try:
        with av.open(io.BytesIO(data), mode="r") as container:
            stream: Any = container.streams.video[0]
            formats: set[str] = set() if _is_matroska(data) else _FORMATS & set(container.format.name.split(","))
            if not formats or stream.codec_context.name not in _CODECS:
                return "file_format_check_failed"
            seconds = (container.duration or 0) / 1_000_000
            rate = float(stream.average_rate or stream.guessed_rate or 0)
            sides = stream.codec_context.width, stream.codec_context.height
    except (OSError, ValueError, IndexError):
        return "file_format_check_failed"
    return _out_of_bounds(seconds, rate, sides, min(longest, _LONGEST_SECONDS))


def _out_of_bounds(seconds: float, rate: float, sides: tuple[int, int], longest: int) -> str | None:
    if not 0 < seconds <= longest:
        return "duration_check_failed"
    if not _SLOWEST <= round(rate, 1) <= _FASTEST:
        return "frame_rate_check_failed"
    if min(sides) < _LEAST or max(sides) > _MOST:
        return "picture_size_check_failed"
    return None


def _is_matroska(data: bytes) -> bool:
    # FFmpeg has one format name for Matroska and WebM.
    return data.startswith(b"\x1a\x45\xdf\xa3") and b"webm" not in data[:64]


def cover(number: int) -> bytes:
    """Return a cover as PNG, in two colours that depend on the post's id."""
    width, height = 90, 120
    first, second = ([(number >> shift) % 160 + 60 for shift in shifts] for shifts in ((0, 5, 11), (3, 7, 13)))
    rows = bytearray()
    for y in range(height):
        mixed = bytes((a * (height - y) + b * y) // height for a, b in zip(first, second, strict=True))
        rows += b"\0" + mixed * width
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(bytes(rows)))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
