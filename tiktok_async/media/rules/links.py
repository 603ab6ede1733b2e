"""Makes and reads addresses of videos, and makes addresses of TikTok's player.

Source: https://developers.tiktok.com/doc/embed-player
"""

import re
from typing import Literal
from urllib.parse import urlencode, urlsplit

from attrs import frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models._json import JsonModel

__all__ = ["VideoLink", "parse_video_url", "player_url", "video_url"]

_USERNAME = re.compile(r"[A-Za-z0-9_.]{1,64}")
_ID = re.compile(r"[1-9][0-9]{0,18}")
_HOSTS = re.compile(r"(?:[a-z0-9-]+\.)?tiktok\.com")
_PATHS = (
    re.compile(r"/@(?P<username>[A-Za-z0-9_.]{1,64})/(?P<kind>video|photo)/(?P<id>[1-9][0-9]{0,18})/?"),
    re.compile(r"/(?:player/v1|embed|embed/v2|embed/v3|share/video)/(?P<id>[1-9][0-9]{0,18})/?"),
    re.compile(r"/v/(?P<id>[1-9][0-9]{0,18})(?:\.html)?/?"),
)
_SHORT = re.compile(r"/t/[A-Za-z0-9]+/?")
_FLAGS = (
    "controls",
    "progress_bar",
    "play_button",
    "volume_control",
    "fullscreen_button",
    "timestamp",
    "loop",
    "autoplay",
    "music_info",
    "description",
    "rel",
    "native_context_menu",
    "closed_caption",
    "muted",
)


@frozen(slots=True, kw_only=True)
class VideoLink(JsonModel):
    """What the address of a post says.

    Attributes:
        video_id: The post's id.
        username: The creator's handle; `None` where the address does not hold it.
        kind: Whether it is a video or photos; players and old addresses say `video` for both.
    """

    video_id: str
    username: str | None = None
    kind: Literal["video", "photo"] = "video"


def video_url(username: str, video_id: str) -> str:
    """Return the address of a video.

    Args:
        username: The creator's handle, with or without `@`.
        video_id: One of `PublishStatus.post_ids`, or `Video.id`.

    Raises:
        ConfigurationError: One of them cannot be TikTok's.

    Example:
        >>> video_url("grace", "7601447475849021499")
        'https://www.tiktok.com/@grace/video/7601447475849021499'
    """
    name = username.removeprefix("@")
    if not _USERNAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} is not a username, which has only letters, digits, '_' and '.'.")
    return f"https://www.tiktok.com/@{name}/video/{_checked_id(video_id)}"


def parse_video_url(url: str) -> VideoLink:
    """Return what the address of a post says, in any of TikTok's forms.

    Raises:
        ConfigurationError: It is no such address. A short link (`vm.tiktok.com`) says nothing before its redirect.

    Example:
        >>> parse_video_url("https://www.tiktok.com/@grace/video/7601447475849021499?lang=en").username
        'grace'
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
    except ValueError as error:
        raise ConfigurationError("This is no address of a TikTok post.") from error
    if parts.scheme in {"https", "http"} and _HOSTS.fullmatch(host):
        if host in {"vm.tiktok.com", "vt.tiktok.com"} or _SHORT.fullmatch(parts.path):
            raise ConfigurationError("This is a short link: open it and give the address that it redirects to.")
        for path in _PATHS:
            if (found := path.fullmatch(parts.path)) is not None:
                said = found.groupdict()
                kind: Literal["video", "photo"] = "photo" if said.get("kind") == "photo" else "video"
                return VideoLink(video_id=said["id"], username=said.get("username"), kind=kind)
    raise ConfigurationError(
        "This is no address of a TikTok post: https://www.tiktok.com/@USERNAME/video/ID is the usual form."
    )


def player_url(video_id: str, **flags: bool) -> str:
    """Return the address of TikTok's player, for an `iframe`.

    Args:
        video_id: The post's id.
        flags: What the player shows and does, of: controls, progress_bar, play_button, volume_control,
            fullscreen_button, timestamp, loop, autoplay, music_info, description, rel, native_context_menu,
            closed_caption, muted. A flag that is left out has TikTok's default.

    Raises:
        ConfigurationError: The id cannot be TikTok's, or there is no such flag.

    Example:
        >>> player_url("7601447475849021499", autoplay=True, rel=False)
        'https://www.tiktok.com/player/v1/7601447475849021499?autoplay=1&rel=0'

    Source: https://developers.tiktok.com/doc/embed-player
    """
    unknown = sorted(flags.keys() - set(_FLAGS))
    if unknown:
        raise ConfigurationError(f"The player has no {', '.join(unknown)}; it has {', '.join(_FLAGS)}.")
    query = urlencode({name: int(bool(on)) for name, on in flags.items()})
    return f"https://www.tiktok.com/player/v1/{_checked_id(video_id)}{'?' if query else ''}{query}"


def _checked_id(video_id: str) -> str:
    if not _ID.fullmatch(video_id):
        raise ConfigurationError("A post's id is a number of at most 19 digits, given as a str.")
    return video_id
