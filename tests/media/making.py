"""Makes videos and pictures for tests: real ones by PyAV and Pillow, and files that are a header only."""

import io
import struct
from fractions import Fraction
from typing import Any

import av
from PIL import Image

ENCODERS = {"h264": "libx264", "h265": "libx265", "vp8": "libvpx", "vp9": "libvpx-vp9", "mpeg4": "mpeg4"}


def video(
    container: str = "mp4",
    *,
    codec: str = "h264",
    sides: tuple[int, int] = (360, 640),
    rate: Fraction | int = 30,
    frames: int = 3,
    options: dict[str, str] | None = None,
) -> bytes:
    """Return a real video of a few grey frames."""
    width, height = sides
    written = io.BytesIO()
    with av.open(written, "w", format=container, options=options or {}) as output:
        stream: Any = output.add_stream(ENCODERS[codec], rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        if codec == "h265":
            stream.options = {"x265-params": "log-level=none:pools=none", "preset": "ultrafast"}
        elif codec == "h264":
            stream.options = {"preset": "ultrafast"}
        for number in range(frames):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([16 * number % 256]) * plane.buffer_size)
            frame.pts, frame.time_base = number, 1 / Fraction(rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return written.getvalue()


def photo(form: str = "JPEG", sides: tuple[int, int] = (1080, 1920)) -> bytes:
    """Return a real picture, all of one colour."""
    written = io.BytesIO()
    Image.new("RGB", sides, (200, 30, 60)).save(written, form)
    return written.getvalue()


def box(kind: bytes, *content: bytes) -> bytes:
    """Return a box of MP4."""
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def header(
    *,
    brand: bytes = b"isom",
    codec: bytes = b"avc1",
    sides: tuple[int, int] = (720, 1280),
    milliseconds: int = 10_000,
    rate: int = 30,
    tail: bytes = b"",
) -> bytes:
    """Return an MP4 of any length that holds no frame."""
    width, height = sides
    times = struct.pack(">5I", 0, 0, 0, 1000, milliseconds)
    entry = box(codec, bytes(24), struct.pack(">HH", width, height), bytes(50))
    frames = max(1, rate * milliseconds // 1000)
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), entry),
        box(b"stts", struct.pack(">IIII", 0, 1, frames, 1000)),
    )
    track = box(
        b"trak",
        box(b"tkhd", struct.pack(">4I", 0, 0, 0, 1), bytes(68)),
        box(
            b"mdia",
            box(b"mdhd", struct.pack(">5I", 0, 0, 0, rate * 1000, frames * 1000), bytes(4)),
            box(b"hdlr", bytes(8), b"vide", bytes(13)),
            box(b"minf", table),
        ),
    )
    movie = box(b"moov", box(b"mvhd", times, bytes(80)), track)
    return box(b"ftyp", brand, bytes(4), b"isom") + movie + tail


class Bucket:
    """A `ByteSource` of a given beginning followed by zeros; it records the reads."""

    def __init__(self, beginning: bytes, size: int | None = None) -> None:
        self.size = len(beginning) if size is None else size
        self.reads: list[tuple[int, int]] = []
        self._beginning = beginning

    async def read(self, offset: int, length: int) -> bytes:
        """Return what was asked for."""
        self.reads.append((offset, length))
        length = min(length, self.size - offset)
        return self._beginning[offset : offset + length].ljust(length, b"\0")

    @property
    def total(self) -> int:
        """The bytes that were asked for."""
        return sum(length for _, length in self.reads)
