"""Checks of a post against the creator's settings before it is sent, and of a list of photos."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from tiktok_async.models import CreatorInfo, PhotoPost, VideoPost
from tiktok_async.models._posting import MAX_PHOTOS, url_problem

__all__ = ["photo_hints", "photo_list_problems", "photo_problems", "photo_url_problems", "video_problems"]

_NOT_PHOTOS = frozenset(
    {
        ".avif",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".jxl",
        ".mov",
        ".mp4",
        ".pdf",
        ".png",
        ".svg",
        ".tif",
        ".tiff",
        ".webm",
    }
)


def video_problems(post: VideoPost, info: CreatorInfo) -> list[str]:
    """Return the problems of *post* with the settings in *info*; empty if there are none.

    Source: https://developers.tiktok.com/doc/content-sharing-guidelines
    """
    problems = _privacy(post.privacy_level, info)
    problems += _must_disable("comments", "disable_comment", post.disable_comment, info.comment_disabled)
    problems += _must_disable("duets", "disable_duet", post.disable_duet, info.duet_disabled)
    problems += _must_disable("stitches", "disable_stitch", post.disable_stitch, info.stitch_disabled)
    longest = info.max_video_post_duration
    if post.duration is not None and longest is not None and post.duration > longest:
        problems.append(
            f"the video lasts {post.duration.total_seconds():g} s, but this creator may post "
            f"{longest.total_seconds():g} s"
        )
    return problems


def photo_problems(post: PhotoPost, info: CreatorInfo) -> list[str]:
    """Return the problems of *post* with the settings in *info*; photos have no duets, stitches or durations.

    Source: https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
    """
    problems = _privacy(post.privacy_level, info)
    return problems + _must_disable("comments", "disable_comment", post.disable_comment, info.comment_disabled)


def photo_url_problems(urls: Sequence[str], post: PhotoPost, *, direct: bool) -> list[str]:
    """Return the problems of posting *urls* as *post*.

    Source: https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
    """
    problems: list[str] = []
    if not direct:
        problems += [
            f"{name} is not sent with a draft: leave it out, and let the creator choose it in the app"
            for name in ("disable_comment", "auto_add_music", "brand_content_toggle", "brand_organic_toggle")
            if getattr(post, name)
        ]
    if 1 <= len(urls) <= MAX_PHOTOS and post.cover_index >= len(urls):
        problems.append(f"cover_index is {post.cover_index}, but there are {len(urls)} photos")
    problems += photo_list_problems(urls)
    if direct and post.privacy_level is None:
        problems.append("privacy_level is missing; only a draft can be sent without one")
    return problems


def photo_list_problems(urls: Sequence[str]) -> list[str]:
    """Return the problems of *urls* alone."""
    problems: list[str] = []
    if not 1 <= len(urls) <= MAX_PHOTOS:
        problems.append(f"there are {len(urls)} photos, but 1 to {MAX_PHOTOS} are allowed")
    for number, url in enumerate(urls):
        problem = url_problem(url)
        if problem is not None:
            problems.append(f"the URL of photo {number} {problem}")
    return problems


def photo_hints(urls: Sequence[str]) -> list[str]:
    """Return the photos that TikTok will probably refuse after the post, by their names.

    A server may send a JPEG under any name. So these are hints, not problems.

    Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
    """
    hints: list[str] = []
    for number, url in enumerate(urls):
        suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
        if suffix in _NOT_PHOTOS:
            hints.append(f"photo {number} has the name of a {suffix[1:].upper()}, but TikTok takes only JPEG and WebP")
    return hints


def _privacy(level: str | None, info: CreatorInfo) -> list[str]:
    if level is None or not info.privacy_level_options or level in info.privacy_level_options:
        return []
    options = ", ".join(info.privacy_level_options)
    return [f"privacy_level {level} is not among this creator's: {options}"]


def _must_disable(what: str, name: str, disabled: bool | None, off: bool | None) -> list[str]:  # noqa: FBT001 - two flags side by side
    # For a setting that is left out, TikTok uses the creator's settings.
    if off and disabled is False:
        return [f"this creator does not allow {what}, so {name} must not be False"]
    return []
