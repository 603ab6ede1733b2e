"""What a post goes through: the chunks of its video, its progress, and how it ended.

Sources: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from attrs import field, frozen


@frozen(slots=True)
class ChunkPlan:
    """How a video is cut. Make one with `plan_chunks`, which keeps TikTok's rules.

    Args:
        size: Bytes of the video.
        chunk_size: Bytes of every chunk but the last, which takes the remainder too.
        count: How many chunks.

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
        """Return the number of the chunk that byte *offset* belongs to."""
        return min(offset // self.chunk_size, self.count - 1)


@frozen(slots=True, kw_only=True)
class UploadProgress:
    """How far an upload is, after TikTok acknowledged a chunk.

    Attributes:
        chunk: The chunk that was acknowledged, from 0.
        chunks: How many there are.
        sent: Bytes that TikTok has acknowledged; it never goes back.
        total: Bytes in all.
        state: `Publish.to_json()` at this point. It holds the upload address: keep it as you keep a token.
    """

    chunk: int
    chunks: int
    sent: int
    total: int
    state: str = field(repr=False)


class PublishState(StrEnum):
    """Where a post is, in TikTok's words."""

    PROCESSING_UPLOAD = "PROCESSING_UPLOAD"
    """TikTok waits for the bytes, or works on them."""
    PROCESSING_DOWNLOAD = "PROCESSING_DOWNLOAD"
    """TikTok fetches the media from its URL."""
    SEND_TO_USER_INBOX = "SEND_TO_USER_INBOX"
    """A draft has reached its creator; the rest is theirs."""
    PUBLISH_COMPLETE = "PUBLISH_COMPLETE"
    """It is posted."""
    FAILED = "FAILED"
    """It will not be posted."""


class FailReason(StrEnum):
    """Why TikTok did not publish a post, in its words."""

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
    """What one fail reason means for the caller.

    Attributes:
        retryable: Whether a new post of the same media may succeed.
        advice: What to do, as a sentence.
    """

    retryable: bool
    advice: str


# https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
FAIL_RULES: Mapping[str, FailRule] = {
    FailReason.FILE_FORMAT_CHECK_FAILED: FailRule(
        False, "Convert the video to MP4, MOV or WebM with H.264, and post it."
    ),
    FailReason.DURATION_CHECK_FAILED: FailRule(
        False, "Cut the video to the creator's `max_video_post_duration_sec` and post it anew."
    ),
    FailReason.FRAME_RATE_CHECK_FAILED: FailRule(False, "Convert the video to 23 to 60 frames a second."),
    FailReason.PICTURE_SIZE_CHECK_FAILED: FailRule(
        False, "Scale the picture: a video's sides are 360 to 4096 pixels, a photo fits into 1080 x 1920."
    ),
    FailReason.VIDEO_SIZE_CHECK_FAILED: FailRule(False, "The video's size is out of range; make it at most 4 GB."),
    FailReason.INTERNAL: FailRule(True, "TikTok failed on its side; post it anew later."),
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
    FailReason.SPAM_RISK_TEXT: FailRule(False, "TikTok takes the text for spam; change the title or description."),
    FailReason.SPAM_RISK: FailRule(False, "TikTok takes the post for spam; do not send it again."),
}
UNKNOWN_FAIL = FailRule(False, "TikTok gave a reason this library does not know.")


@frozen(slots=True, kw_only=True)
class PublishStatus:
    """What TikTok says of a post.

    Attributes:
        state: Where it is; a word that TikTok adds later stays a plain `str`.
        fail_reason: Why it failed, if it did.
        post_ids: The posts that came of it. Public ones only, and only after moderation; a draft may yield several.
        uploaded_bytes: Bytes TikTok has of an upload; `None` where it does not say.
        downloaded_bytes: Bytes TikTok has fetched from a URL; `None` where it does not say.
        log_id: TikTok's id of the call that told.
    """

    state: PublishState | str
    fail_reason: FailReason | str | None = None
    post_ids: tuple[str, ...] = ()
    uploaded_bytes: int | None = None
    downloaded_bytes: int | None = None
    log_id: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the API's part is done: posted, or a draft that is in its creator's inbox."""
        return self.state in {PublishState.PUBLISH_COMPLETE, PublishState.SEND_TO_USER_INBOX}
