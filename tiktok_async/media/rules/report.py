"""What TikTok takes, and which rules a file breaks.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import PurePath
from typing import Literal

from attrs import evolve, frozen

from tiktok_async._headers.reading import Header
from tiktok_async.errors import ConfigurationError
from tiktok_async.media.rules.ffmpeg import PHOTO_HEIGHT, PHOTO_WIDTH, Fixes, ffmpeg_arguments
from tiktok_async.models import CreatorInfo, FailReason
from tiktok_async.models._json import JsonModel

__all__ = ["MediaProblem", "MediaReport", "ffmpeg_command", "judge", "unreadable"]

_GUIDE = "https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide"
_CREATOR = "https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info"

_CONTAINERS = {"mp4", "mov", "webm"}
_CODECS = {"h264", "h265", "vp8", "vp9"}
_PICTURES = {"jpeg", "webp"}
_SHORTEST_SIDE, _LONGEST_SIDE = 360, 4096
_SLOWEST, _FASTEST = 23, 60
_LARGEST = 4 * 1024**3
_LONGEST = timedelta(minutes=10)
# "20 MB": the smaller of the two readings.
LARGEST_PHOTO = 20_000_000


@frozen(slots=True, kw_only=True)
class MediaProblem(JsonModel):
    """One rule that a file breaks.

    Attributes:
        rule: Which: `format`, `codec`, `duration`, `frame_rate`, `pixels` or `size`.
        value: What the file has.
        allowed: What TikTok takes.
        advice: What to do.
        command: The ffmpeg command that fixes it; `None` if none does.
        fail_reason: What TikTok would fail the post with.
        page: TikTok's page with the rule.
    """

    rule: Literal["format", "codec", "duration", "frame_rate", "pixels", "size"]
    value: str
    allowed: str
    advice: str
    command: str | None
    fail_reason: FailReason
    page: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.value}, but TikTok takes {self.allowed}; {self.advice}"


@frozen(slots=True, kw_only=True)
class MediaReport(JsonModel):
    """What a file is, and the rules it breaks; `None` where the file does not say.

    Attributes:
        file: Its name; `None` for bytes and the like.
        kind: Whether it is a video or a photo; `None` if it is neither.
        container: Its format, such as `mp4`.
        codecs: The codec of the video, then of the audio, as far as there are any.
        duration: How long it lasts.
        width: Pixels.
        height: Pixels.
        frame_rate: Frames a second, on average.
        size: Bytes.
        longest: How long it may last.
        problems: Every rule it breaks. If empty, TikTok takes it, as far as its header tells.
    """

    file: str | None
    kind: Literal["video", "photo"] | None
    container: str | None
    codecs: tuple[str, ...]
    duration: timedelta | None
    width: int | None
    height: int | None
    frame_rate: float | None
    size: int
    longest: timedelta = _LONGEST
    problems: tuple[MediaProblem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the file breaks no rule."""
        return not self.problems

    def __str__(self) -> str:
        name = self.file or "The file"
        return f"{name}: no rule is broken" if self.ok else f"{name}: {'; '.join(map(str, self.problems))}"


def ffmpeg_command(report: MediaReport, source: str | PurePath, target: str | PurePath) -> list[str]:
    """Return the command that converts *source* to a *target* that TikTok takes, as arguments for a process.

    Args:
        report: What `check_media` said of *source*.
        source: The file that was checked.
        target: The file to write.

    Raises:
        ConfigurationError: No command fixes it.
    """
    beyond = [problem for problem in report.problems if problem.command is None]
    if report.kind is None or report.container is None or beyond:
        raise ConfigurationError(f"No command fixes this file: {'; '.join(map(str, beyond or report.problems))}.")
    header = Header(
        kind=report.kind,
        container=report.container,
        duration=report.duration,
        width=report.width,
        height=report.height,
        frame_rate=report.frame_rate,
    )
    arguments = ffmpeg_arguments(header, {problem.rule for problem in report.problems}, longest=report.longest)
    # An absolute path cannot be taken for an option; "file:" keeps a colon in it from being taken for a protocol.
    return [
        *("ffmpeg", "-hide_banner", "-loglevel", "error", "-y", "-i", f"file:{source}"),
        *arguments,
        f"file:{target}",
    ]


def unreadable(file: str | None, size: int, why: str) -> MediaReport:
    """Return the report on a file whose header is missing or contradicts itself."""
    problem = MediaProblem(
        rule="format",
        value=f"not readable ({why})",
        allowed="MP4, MOV and WebM videos, JPEG and WebP photos",
        advice="export or download the file again",
        command=None,
        fail_reason=FailReason.FILE_FORMAT_CHECK_FAILED,
        page=_GUIDE,
    )
    return MediaReport(
        file=file,
        kind=None,
        container=None,
        codecs=(),
        duration=None,
        width=None,
        height=None,
        frame_rate=None,
        size=size,
        problems=(problem,),
    )


def judge(
    header: Header, size: int, *, file: str | None, creator: CreatorInfo | None, broken: bool = False
) -> MediaReport:
    """Check a file against TikTok's rules.

    Args:
        header: What its header says.
        size: Its bytes.
        file: Its name, for the commands.
        creator: The creator, whose longest duration is the limit; without one, ten minutes are.
        broken: A decoder could not read it.
    """
    longest = _LONGEST
    if creator is not None and creator.max_video_post_duration is not None:
        longest = min(longest, creator.max_video_post_duration)
    report = MediaReport(
        file=file,
        kind=header.kind,
        container=header.container,
        codecs=tuple(codec for codec in (header.video, header.audio) if codec is not None),
        duration=header.duration,
        width=header.width,
        height=header.height,
        frame_rate=header.frame_rate,
        size=size,
        longest=longest,
    )
    fixes = Fixes(header=header, size=size, file=file, longest=longest)
    found = _video(header, size, fixes) if header.kind == "video" else _photo(header, size, fixes, broken=broken)
    return evolve(report, problems=tuple(found))


def _video(header: Header, size: int, fixes: Fixes) -> Iterator[MediaProblem]:
    if header.container not in _CONTAINERS:
        yield _problem("format", header.container, "MP4, MOV and WebM", "convert it to MP4", fixes.command("codec"))
    if header.container in {*_CONTAINERS, "matroska"} and header.video not in _CODECS:
        value = header.video or "no video"
        command = fixes.command("codec") if header.video is not None else None
        yield _problem("codec", value, "H.264, H.265, VP8 and VP9", "convert it to H.264", command)
    yield from _duration(header, fixes)
    if header.frame_rate is None and header.video is not None:
        yield _problem("frame_rate", "unknown", "23 to 60 a second", _ASK, fixes.command("frame_rate"))
    elif header.frame_rate is not None and not _SLOWEST <= round(header.frame_rate, 1) <= _FASTEST:
        value = f"{header.frame_rate:.5g} a second"
        yield _problem("frame_rate", value, "23 to 60 a second", "convert it", fixes.command("frame_rate"))
    allowed = f"{_SHORTEST_SIDE} to {_LONGEST_SIDE} pixels a side"
    if not header.width or not header.height:
        if header.video is not None:
            yield _problem("pixels", "unknown", allowed, _ASK, fixes.command("codec"))
    elif min(header.width, header.height) < _SHORTEST_SIDE or max(header.width, header.height) > _LONGEST_SIDE:
        yield _problem("pixels", f"{header.width} x {header.height}", allowed, "scale it", fixes.command("pixels"))
    if size > _LARGEST:
        yield _problem("size", f"{size} bytes", f"{_LARGEST} bytes at most", "compress it", fixes.command("size"))


_ASK = "write it into the header, or check with the extra `media`, which reads more of the file"


def _duration(header: Header, fixes: Fixes) -> Iterator[MediaProblem]:
    page = _GUIDE if fixes.longest == _LONGEST else _CREATOR
    allowed = f"{fixes.longest.total_seconds():g} s at most"
    whose = "" if fixes.longest == _LONGEST else " to what this creator may post"
    if header.duration is None:
        if header.video is not None:
            yield _problem("duration", "unknown", allowed, _ASK, fixes.command("codec"))
    elif header.duration > fixes.longest:
        value = f"{header.duration.total_seconds():g} s"
        yield _problem("duration", value, allowed, f"cut it{whose}", fixes.command("duration"), page=page)


def _photo(header: Header, size: int, fixes: Fixes, *, broken: bool) -> Iterator[MediaProblem]:
    if broken:
        yield _problem("format", "damaged", "whole JPEG and WebP files", "export or download the photo again", None)
    if header.container not in _PICTURES:
        yield _problem("format", header.container, "JPEG and WebP", "convert it to JPEG", fixes.command("pixels"))
    allowed = f"a width of {PHOTO_WIDTH} and a height of {PHOTO_HEIGHT} pixels at most"
    if not header.width or not header.height:
        if header.container in _PICTURES:
            yield _problem("pixels", "unknown", allowed, "export it again", None)
    elif header.width > PHOTO_WIDTH or header.height > PHOTO_HEIGHT:
        yield _problem("pixels", f"{header.width} x {header.height}", allowed, "scale it", fixes.command("pixels"))
    if size > LARGEST_PHOTO:
        allowed = f"{LARGEST_PHOTO} bytes at most"
        # TikTok has no separate reason for it.
        reason = FailReason.PICTURE_SIZE_CHECK_FAILED
        yield _problem("size", f"{size} bytes", allowed, "compress it", fixes.command("size"), reason=reason)


_REASONS = {
    "format": FailReason.FILE_FORMAT_CHECK_FAILED,
    "codec": FailReason.FILE_FORMAT_CHECK_FAILED,
    "duration": FailReason.DURATION_CHECK_FAILED,
    "frame_rate": FailReason.FRAME_RATE_CHECK_FAILED,
    "pixels": FailReason.PICTURE_SIZE_CHECK_FAILED,
    "size": FailReason.VIDEO_SIZE_CHECK_FAILED,
}


def _problem(
    rule: Literal["format", "codec", "duration", "frame_rate", "pixels", "size"],
    value: str,
    allowed: str,
    advice: str,
    command: str | None,
    *,
    page: str = _GUIDE,
    reason: FailReason | None = None,
) -> MediaProblem:
    return MediaProblem(
        rule=rule,
        value=value,
        allowed=allowed,
        advice=advice,
        command=command,
        fail_reason=reason or _REASONS[rule],
        page=page,
    )
