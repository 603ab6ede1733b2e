"""The ffmpeg commands that convert a file to one that TikTok takes."""

import shlex
from collections.abc import Collection, Iterator
from datetime import timedelta

from attrs import frozen

from tiktok_async._headers.reading import Header

__all__ = ["PHOTO_HEIGHT", "PHOTO_WIDTH", "Fixes", "ffmpeg_arguments"]

_SHORTEST_SIDE, _LONGEST_SIDE = 360, 4096
# "1080p" may limit the width, the shorter side or both sides: a photo within these bounds passes under each reading.
PHOTO_WIDTH, PHOTO_HEIGHT = 1080, 1920
_LARGEST_BITS = 4_000_000_000 * 8 * 9 // 10


@frozen(slots=True, kw_only=True)
class Fixes:
    """The data from which the command for one file is made.

    Attributes:
        header: What the file's header says.
        size: Its bytes.
        file: Its name; `None` if it has none.
        longest: How long it may last.
    """

    header: Header
    size: int
    file: str | None
    longest: timedelta

    def command(self, rule: str) -> str:
        """Return the shell command that fixes what breaks *rule*."""
        photo = self.header.kind == "photo"
        target = "prepared.jpg" if photo else "prepared.mp4"
        arguments = ffmpeg_arguments(self.header, {rule}, longest=self.longest)
        return shlex.join(["ffmpeg", "-i", f"file:{self.file or 'INPUT'}", *arguments, target])


def ffmpeg_arguments(header: Header, rules: Collection[str], *, longest: timedelta) -> list[str]:
    """Return the arguments between the input and the output of an ffmpeg command.

    Args:
        header: What the file's header says.
        rules: Which rules it breaks; without any, it is copied as it is.
        longest: How long it may last.
    """
    if header.kind == "photo":
        return [*_scaled(_photo_sides(header), header), "-frames:v", "1", "-q:v", "3", "-update", "1"]
    start = ["-map", "0:v:0", "-map", "0:a:0?", "-movflags", "+faststart"]
    if not rules:
        return [*start, "-c", "copy"]
    return [*start, *_recoded(header, rules, longest)]


def _recoded(header: Header, rules: Collection[str], longest: timedelta) -> Iterator[str]:
    if "pixels" in rules:
        yield from _scaled(_video_sides(header), header)
    if "frame_rate" in rules:
        yield from ("-r", "60" if (header.frame_rate or 0) > 60 else "30")  # noqa: PLR2004 - TikTok's upper bound
    if "duration" in rules:
        yield from ("-t", f"{longest.total_seconds():g}")
    if "size" in rules and header.duration:
        yield from ("-b:v", str(int(_LARGEST_BITS / min(header.duration, longest).total_seconds())))
    yield from ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")


def _scaled(sides: tuple[int, int] | None, header: Header) -> list[str]:
    if sides is None or sides == (header.width, header.height):
        return []
    width, height = sides
    # A picture that is too long and thin for both bounds is padded with black.
    shape = f"scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"
    return ["-vf", f"{shape},setsar=1"]


def _video_sides(header: Header) -> tuple[int, int] | None:
    width, height = header.width, header.height
    if not width or not height:
        return None
    factor = min(1.0, _LONGEST_SIDE / max(width, height))
    factor = max(factor, min(_SHORTEST_SIDE / min(width, height), _LONGEST_SIDE / max(width, height)))
    return _even(width * factor, _SHORTEST_SIDE), _even(height * factor, _SHORTEST_SIDE)


def _photo_sides(header: Header) -> tuple[int, int] | None:
    width, height = header.width, header.height
    if not width or not height:
        return None
    factor = min(1.0, PHOTO_WIDTH / width, PHOTO_HEIGHT / height)
    return max(1, int(width * factor)), max(1, int(height * factor))


def _even(side: float, least: int) -> int:
    # H.264 halves the colours both ways.
    return max(least, min(_LONGEST_SIDE, round(side / 2) * 2))
