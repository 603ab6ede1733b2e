"""Posts of videos and photos: their settings, chunks and states, and the creator's settings.

Sources: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models._checks import CheckedModel, Checks, as_duration
from tiktok_async.models._json import JsonModel, private
from tiktok_async.models._wire import WireModel


@frozen(slots=True)
class ChunkPlan(JsonModel):
    """The chunks of a video. Make one with `plan_chunks`, which follows TikTok's rules.

    Args:
        size: Bytes of the video.
        chunk_size: Bytes of every chunk except the last, which includes the remainder.
        count: The number of chunks.

    Example:
        >>> list(ChunkPlan(size=25, chunk_size=10, count=2).ranges())
        [range(0, 10), range(10, 25)]
    """

    size: int
    chunk_size: int
    count: int

    def ranges(self) -> Iterator[range]:
        """Yield each chunk's bytes in order, from its first byte to one past its last."""
        return (self.range_of(number) for number in range(self.count))

    def range_of(self, number: int) -> range:
        """Return the bytes of chunk *number*, counted from 0."""
        start = number * self.chunk_size
        return range(start, self.size if number == self.count - 1 else start + self.chunk_size)

    def chunk_at(self, offset: int) -> int:
        """Return the number of the chunk with byte *offset*."""
        return min(offset // self.chunk_size, self.count - 1)


@frozen(slots=True, kw_only=True)
class UploadProgress(JsonModel):
    """The progress of an upload.

    Attributes:
        chunk: The chunk that was acknowledged or, with `upload(step=...)`, is being sent; from 0.
        chunks: The number of chunks.
        sent: Bytes that TikTok has acknowledged and, with `upload(step=...)`, bytes that were sent; it never falls.
        total: The size of the video.
        state: `Publish.to_json()` at this point. It holds the upload address: protect it like a token.
    """

    chunk: int
    chunks: int
    sent: int
    total: int
    state: str = field(repr=False, metadata=private())


class PublishState(StrEnum):
    """The state of a post, by TikTok's names."""

    PROCESSING_UPLOAD = "PROCESSING_UPLOAD"
    """TikTok waits for the bytes, or is processing them."""
    PROCESSING_DOWNLOAD = "PROCESSING_DOWNLOAD"
    """TikTok fetches the media from its URL."""
    SEND_TO_USER_INBOX = "SEND_TO_USER_INBOX"
    """A draft is in its creator's inbox."""
    PUBLISH_COMPLETE = "PUBLISH_COMPLETE"
    """It is published."""
    FAILED = "FAILED"
    """It will not be published."""


class FailReason(StrEnum):
    """The reason why TikTok did not publish a post, by its names."""

    FILE_FORMAT_CHECK_FAILED = "file_format_check_failed"
    DURATION_CHECK_FAILED = "duration_check_failed"
    FRAME_RATE_CHECK_FAILED = "frame_rate_check_failed"
    PICTURE_SIZE_CHECK_FAILED = "picture_size_check_failed"
    VIDEO_SIZE_CHECK_FAILED = "video_size_check_failed"
    INTERNAL = "internal"
    VIDEO_PULL_FAILED = "video_pull_failed"
    PHOTO_PULL_FAILED = "photo_pull_failed"
    PUBLISH_CANCELLED = "publish_cancelled"
    AUTH_REMOVED = "auth_removed"
    SPAM_RISK_TOO_MANY_POSTS = "spam_risk_too_many_posts"
    SPAM_RISK_USER_BANNED_FROM_POSTING = "spam_risk_user_banned_from_posting"
    SPAM_RISK_TEXT = "spam_risk_text"
    SPAM_RISK = "spam_risk"


@frozen(slots=True)
class FailRule:
    """The meaning of one fail reason for the caller.

    Attributes:
        retryable: Whether a new post of the same media may succeed.
        advice: What to do, as a sentence.
        photos: What to do for photos, if that differs.
    """

    retryable: bool
    advice: str
    photos: str | None = field(default=None, kw_only=True)


# https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
FAIL_RULES: Mapping[str, FailRule] = {
    FailReason.FILE_FORMAT_CHECK_FAILED: FailRule(
        False,
        "Convert the video to MP4, MOV or WebM with H.264, and post it again.",
        photos="Convert the photos to JPEG or WebP, and post them again.",
    ),
    FailReason.DURATION_CHECK_FAILED: FailRule(
        False, "Shorten the video to the creator's `max_video_post_duration_sec` and post it again."
    ),
    FailReason.FRAME_RATE_CHECK_FAILED: FailRule(False, "Convert the video to 23 to 60 frames a second."),
    FailReason.PICTURE_SIZE_CHECK_FAILED: FailRule(
        False,
        "Scale the video: each side must have 360 to 4096 pixels.",
        photos="Scale the photos: each must fit into 1080 x 1920 pixels and have at most 20 MB.",
    ),
    FailReason.VIDEO_SIZE_CHECK_FAILED: FailRule(False, "The video's size is out of range; make it at most 4 GB."),
    FailReason.INTERNAL: FailRule(True, "TikTok failed on its side; post it again later."),
    FailReason.VIDEO_PULL_FAILED: FailRule(
        True, "TikTok could not fetch the video within an hour; check that its URL answers without a redirect."
    ),
    FailReason.PHOTO_PULL_FAILED: FailRule(
        True, "TikTok could not fetch a photo within an hour; check that each URL answers without a redirect."
    ),
    FailReason.PUBLISH_CANCELLED: FailRule(False, "It was cancelled by `Publish.cancel()`."),
    FailReason.AUTH_REMOVED: FailRule(False, "The creator removed the app's access; they have to log in again."),
    FailReason.SPAM_RISK_TOO_MANY_POSTS: FailRule(
        True, "The creator reached TikTok's daily cap of posts through the API; try tomorrow."
    ),
    FailReason.SPAM_RISK_USER_BANNED_FROM_POSTING: FailRule(False, "TikTok has banned this creator from posting."),
    FailReason.SPAM_RISK_TEXT: FailRule(False, "TikTok classified the text as spam; change the title or description."),
    FailReason.SPAM_RISK: FailRule(False, "TikTok classified the post as spam; do not send it again."),
}
UNKNOWN_FAIL = FailRule(False, "TikTok gave a reason that this library does not know.")


@frozen(slots=True, kw_only=True)
class PublishStatus(JsonModel):
    """TikTok's status of a post.

    Attributes:
        state: The state; a name that TikTok adds later stays a plain `str`.
        fail_reason: The reason, if it failed.
        post_ids: The ids of the resulting posts. Only public ones, and only after moderation; a draft may have several.
        uploaded_bytes: Bytes of an upload that TikTok has; `None` if it does not say.
        downloaded_bytes: Bytes that TikTok has fetched from a URL; `None` if it does not say.
        log_id: TikTok's id of the status call.
    """

    state: PublishState | str
    fail_reason: FailReason | str | None = None
    post_ids: tuple[str, ...] = ()
    uploaded_bytes: int | None = None
    downloaded_bytes: int | None = None
    log_id: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the post succeeded: it is published, or a draft is in its creator's inbox."""
        return self.state in {PublishState.PUBLISH_COMPLETE, PublishState.SEND_TO_USER_INBOX}


# https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
VIDEO_TITLE_UNITS = 2200
# https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
PHOTO_TITLE_UNITS = 90
PHOTO_DESCRIPTION_UNITS = 4000
MAX_PHOTOS = 35

_INT32_MAX = 2**31 - 1
# All of TikTok's names have this form; common mistakes ("private", "PUBLIC") do not.
_LEVEL = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
# A domain name with a dot, not an IP address: TikTok verifies domains and fetches only from the public internet.
# https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
_PUBLIC_URL = re.compile(
    r"https://(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*(?::443)?/[!-~]*", re.IGNORECASE
)


class PrivacyLevel(StrEnum):
    """The audience of a post, by TikTok's names."""

    PUBLIC_TO_EVERYONE = "PUBLIC_TO_EVERYONE"
    MUTUAL_FOLLOW_FRIENDS = "MUTUAL_FOLLOW_FRIENDS"
    FOLLOWER_OF_CREATOR = "FOLLOWER_OF_CREATOR"
    SELF_ONLY = "SELF_ONLY"


def url_problem(url: str) -> str | None:
    """Return why TikTok could not fetch *url*, or `None`; the message does not repeat the URL."""
    given: object = url
    if isinstance(given, str) and _PUBLIC_URL.fullmatch(given):  # pyright: ignore[reportUnnecessaryIsInstance]  # unchecked callers
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


def privacy_problem(level: object) -> str | None:
    """Return the problem with a privacy level, or `None`.

    A name that TikTok adds later has the form of the others, and TikTok decides about it.
    """
    if level == "":
        return "privacy_level is empty"
    if isinstance(level, str) and _LEVEL.fullmatch(level):
        return None
    shown = ascii(level)[:60] if isinstance(level, str) else f"a {type(level).__name__}"
    return f"privacy_level is {shown}, not one of {', '.join(PrivacyLevel)}"


@frozen(slots=True, kw_only=True)
class VideoPost(CheckedModel):
    """The settings of a video that is posted directly.

    Args:
        privacy_level: The audience. There is no default: TikTok requires the creator to choose each time.
        title: The caption, at most 2,200 UTF-16 units; `#tag` and `@mention` work in it.
        disable_comment: Whether comments are off; `None` leaves it to the creator's settings.
        disable_duet: Whether duets are off; `None` as above.
        disable_stitch: Whether stitches are off; `None` as above.
        video_cover_timestamp_ms: The frame that becomes the cover, in milliseconds from the start.
        brand_content_toggle: It is a paid partnership for a third party.
        brand_organic_toggle: It promotes the creator's own business.
        is_aigc: It is made by AI, and the post is labelled so.
        duration: The length of the video; a number is seconds. It is not sent; `check=True` compares it, or otherwise
            the length in the file's header, with the creator's limit.

    Raises:
        ConfigurationError: A setting breaks TikTok's rules; `.problems` names each.

    Example:
        >>> VideoPost(title="hello #world", privacy_level=PrivacyLevel.SELF_ONLY).title
        'hello #world'
    """

    privacy_level: PrivacyLevel | str
    title: str | None = None
    disable_comment: bool | None = None
    disable_duet: bool | None = None
    disable_stitch: bool | None = None
    video_cover_timestamp_ms: int | None = None
    brand_content_toggle: bool = False
    brand_organic_toggle: bool = False
    is_aigc: bool = False
    duration: timedelta | None = field(default=None, converter=as_duration)

    def __attrs_post_init__(self) -> None:
        checks = Checks()
        checks.text("title", self.title, most_units=VIDEO_TITLE_UNITS)
        _check_privacy(checks, self.privacy_level)
        for name in ("disable_comment", "disable_duet", "disable_stitch"):
            checks.flag(name, getattr(self, name), optional=True)
        for name in ("brand_content_toggle", "brand_organic_toggle", "is_aigc"):
            checks.flag(name, getattr(self, name))
        checks.whole("video_cover_timestamp_ms", self.video_cover_timestamp_ms, least=0, most=_INT32_MAX)
        checks.duration("duration", self.duration, positive=True)
        checks.problems += branded_privately(self.privacy_level, branded=self.brand_content_toggle is True)
        refuse("The video", checks.problems)


@frozen(slots=True, kw_only=True)
class PhotoPost(CheckedModel):
    """The settings of photos.

    Args:
        privacy_level: The audience. There is no default; `None` is for drafts, whose creator chooses in the app.
        title: At most 90 UTF-16 units.
        description: At most 4,000 UTF-16 units; `#tag` and `@mention` work in it.
        disable_comment: Whether comments are off; `None` leaves it to the creator's settings. This and the next three
            are not for drafts.
        auto_add_music: TikTok adds music of its choice.
        brand_content_toggle: It is a paid partnership for a third party.
        brand_organic_toggle: It promotes the creator's own business.
        cover_index: The number of the photo that is the cover, from 0.

    Raises:
        ConfigurationError: A setting breaks TikTok's rules; `.problems` names each.
    """

    privacy_level: PrivacyLevel | str | None
    title: str | None = None
    description: str | None = None
    disable_comment: bool | None = None
    auto_add_music: bool = False
    brand_content_toggle: bool = False
    brand_organic_toggle: bool = False
    cover_index: int = 0

    def __attrs_post_init__(self) -> None:
        checks = Checks()
        checks.text("title", self.title, most_units=PHOTO_TITLE_UNITS)
        checks.text("description", self.description, most_units=PHOTO_DESCRIPTION_UNITS)
        if self.privacy_level is not None:
            _check_privacy(checks, self.privacy_level)
        checks.flag("disable_comment", self.disable_comment, optional=True)
        for name in ("auto_add_music", "brand_content_toggle", "brand_organic_toggle"):
            checks.flag(name, getattr(self, name))
        checks.whole("cover_index", self.cover_index, least=0, most=MAX_PHOTOS - 1, optional=False)
        checks.problems += branded_privately(self.privacy_level, branded=self.brand_content_toggle is True)
        refuse("The photos", checks.problems)


def _check_privacy(checks: Checks, level: object) -> None:
    problem = privacy_problem(level)
    if problem is not None:
        checks.add(problem)


def branded_privately(privacy_level: str | None, *, branded: bool) -> list[str]:
    """Return the problem of branded content with the privacy level `SELF_ONLY`."""
    # https://developers.tiktok.com/doc/content-sharing-guidelines
    if branded and privacy_level == PrivacyLevel.SELF_ONLY:
        return ["branded content (brand_content_toggle) cannot be SELF_ONLY"]
    return []


@frozen(kw_only=True)
class CreatorInfo(WireModel):
    """The creator's current settings and limits; TikTok requires a new call for each posting page.

    Attributes:
        creator_username: The handle.
        creator_nickname: The displayed name.
        creator_avatar_url: Valid for two hours.
        privacy_level_options: The levels a post of this creator may have.
        comment_disabled: Comments are off.
        duet_disabled: The account is private or duets are off; not for photos.
        stitch_disabled: The account is private or stitches are off; not for photos.
        max_video_post_duration_sec: The longest video in seconds; not for photos.
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
        """The longest video; `None` if TikTok does not say."""
        seconds = self.max_video_post_duration_sec
        return None if seconds is None else timedelta(seconds=seconds)


@frozen(slots=True)
class PullFromUrl:
    """A video that TikTok fetches by itself, in place of an upload.

    The domain or the URL's prefix must be verified in the developer portal, and the URL must answer without a
    redirect until it is fetched, at most an hour.
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
