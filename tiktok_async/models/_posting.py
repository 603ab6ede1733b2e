"""What is posted: a video or photos, their settings, and what the creator allows.

Sources: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
"""

import re
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models._wire_model import WireModel

# https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
VIDEO_TITLE_UNITS = 2200
# https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
PHOTO_TITLE_UNITS = 90
PHOTO_DESCRIPTION_UNITS = 4000
MAX_PHOTOS = 35

_INT32_MAX = 2**31 - 1
# A name, not an address, with a dot in it: TikTok verifies domains and fetches from the public internet only.
# https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
_PUBLIC_URL = re.compile(
    r"https://(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*(?::443)?/[!-~]*", re.IGNORECASE
)


class PrivacyLevel(StrEnum):
    """Who may see a post, in TikTok's words."""

    PUBLIC_TO_EVERYONE = "PUBLIC_TO_EVERYONE"
    MUTUAL_FOLLOW_FRIENDS = "MUTUAL_FOLLOW_FRIENDS"
    FOLLOWER_OF_CREATOR = "FOLLOWER_OF_CREATOR"
    SELF_ONLY = "SELF_ONLY"


def utf16_units(text: str) -> int:
    """Return the length of *text* as TikTok counts it: most emoji are two units long.

    Example:
        >>> utf16_units("a"), utf16_units("\N{GRINNING FACE}")
        (1, 2)
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def url_problem(url: str) -> str | None:
    """Return what keeps TikTok from fetching *url*, or `None`; the message does not repeat the URL."""
    if _PUBLIC_URL.fullmatch(url):
        return None
    return (
        "must be a public https URL with a domain name and a path, printable ASCII, no user name and no port of its own"
    )


def refuse(what: str, problems: list[str]) -> None:
    """Raise one error that names every problem, if there is any.

    Raises:
        ConfigurationError: *problems* is not empty; `.problems` holds each.
    """
    if problems:
        raise ConfigurationError(f"{what} cannot be posted: {'; '.join(problems)}.", problems=problems)


def _too_long(name: str, text: str | None, most: int) -> list[str]:
    if text is None:
        return []
    units = utf16_units(text)
    return [f"{name} is {units} UTF-16 units long, at most {most} are allowed"] if units > most else []


@frozen(slots=True, kw_only=True)
class VideoPost:
    """The settings of a video that is posted directly.

    Args:
        privacy_level: Who may see it. There is no default: TikTok wants the creator to choose each time.
        title: The caption, at most 2,200 UTF-16 units; `#tag` and `@mention` work in it.
        disable_comment: Nobody may comment.
        disable_duet: Nobody may make a duet.
        disable_stitch: Nobody may stitch.
        video_cover_timestamp_ms: The frame that becomes the cover, in milliseconds from the start.
        brand_content_toggle: It is a paid partnership for a third party.
        brand_organic_toggle: It promotes the creator's own business.
        is_aigc: It is made by AI; the post says so.
        duration: How long the video is, if you know; it is not sent, only checked by `check=True`.

    Raises:
        ConfigurationError: A setting breaks TikTok's rules; `.problems` names each.

    Example:
        >>> VideoPost(title="hello #world", privacy_level=PrivacyLevel.SELF_ONLY).title
        'hello #world'
    """

    privacy_level: PrivacyLevel | str
    title: str | None = None
    disable_comment: bool = False
    disable_duet: bool = False
    disable_stitch: bool = False
    video_cover_timestamp_ms: int | None = None
    brand_content_toggle: bool = False
    brand_organic_toggle: bool = False
    is_aigc: bool = False
    duration: timedelta | None = None

    def __attrs_post_init__(self) -> None:
        problems = _too_long("title", self.title, VIDEO_TITLE_UNITS)
        if not self.privacy_level:
            problems.append("privacy_level is empty")
        cover = self.video_cover_timestamp_ms
        if cover is not None and not 0 <= cover <= _INT32_MAX:
            problems.append(f"video_cover_timestamp_ms is {cover}, not a time from the start in milliseconds")
        if self.duration is not None and self.duration <= timedelta(0):
            problems.append("duration is not positive")
        problems += branded_privately(self.privacy_level, branded=self.brand_content_toggle)
        refuse("The video", problems)


@frozen(slots=True, kw_only=True)
class PhotoPost:
    """The settings of photos.

    Args:
        privacy_level: Who may see them. There is no default; `None` is for drafts, whose creator chooses in the app.
        title: At most 90 UTF-16 units.
        description: At most 4,000 UTF-16 units; `#tag` and `@mention` work in it.
        disable_comment: Nobody may comment. Not for drafts, as the ones below.
        auto_add_music: TikTok adds music of its choice.
        brand_content_toggle: It is a paid partnership for a third party.
        brand_organic_toggle: It promotes the creator's own business.
        cover_index: Which photo is the cover, from 0.

    Raises:
        ConfigurationError: A setting breaks TikTok's rules; `.problems` names each.
    """

    privacy_level: PrivacyLevel | str | None
    title: str | None = None
    description: str | None = None
    disable_comment: bool = False
    auto_add_music: bool = False
    brand_content_toggle: bool = False
    brand_organic_toggle: bool = False
    cover_index: int = 0

    def __attrs_post_init__(self) -> None:
        problems = _too_long("title", self.title, PHOTO_TITLE_UNITS)
        problems += _too_long("description", self.description, PHOTO_DESCRIPTION_UNITS)
        if not 0 <= self.cover_index < MAX_PHOTOS:
            problems.append(f"cover_index is {self.cover_index}, not a photo's number from 0")
        problems += branded_privately(self.privacy_level, branded=self.brand_content_toggle)
        refuse("The photos", problems)


def branded_privately(privacy_level: str | None, *, branded: bool) -> list[str]:
    """Return the problem of branded content that only its creator may see."""
    # https://developers.tiktok.com/doc/content-sharing-guidelines
    if branded and privacy_level == PrivacyLevel.SELF_ONLY:
        return ["branded content (brand_content_toggle) cannot be SELF_ONLY"]
    return []


@frozen(kw_only=True)
class CreatorInfo(WireModel):
    """What a creator allows and may do right now; TikTok wants it asked afresh for each posting page.

    Attributes:
        creator_username: The handle.
        creator_nickname: The name to show.
        creator_avatar_url: Valid for two hours.
        privacy_level_options: The levels a post of this creator may have.
        comment_disabled: The creator lets nobody comment.
        duet_disabled: The account is private or duets are off; does not concern photos.
        stitch_disabled: The account is private or stitches are off; does not concern photos.
        max_video_post_duration_sec: The longest video in seconds; does not concern photos.
    """

    creator_username: str | None = None
    creator_nickname: str | None = None
    creator_avatar_url: str | None = None
    privacy_level_options: tuple[PrivacyLevel | str, ...] = ()
    comment_disabled: bool | None = None
    duet_disabled: bool | None = None
    stitch_disabled: bool | None = None
    max_video_post_duration_sec: int | None = None

    @property
    def max_video_post_duration(self) -> timedelta | None:
        """The longest video; `None` where TikTok does not say."""
        seconds = self.max_video_post_duration_sec
        return None if seconds is None else timedelta(seconds=seconds)


@frozen(slots=True)
class PullFromUrl:
    """A video that TikTok fetches by itself, in place of an upload.

    The domain or the URL's prefix must be verified in the developer portal, and the URL must answer without a
    redirect for as long as the fetching lasts, an hour at most.
    Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide

    Args:
        url: A public https URL.

    Raises:
        ConfigurationError: TikTok could not fetch *url*.
    """

    url: str = field(repr=False)

    def __attrs_post_init__(self) -> None:
        problem = url_problem(self.url)
        if problem is not None:
            refuse("The video", [f"its URL {problem}"])
