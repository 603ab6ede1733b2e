"""The timeline of a publish after its media arrived: statuses, post ids and webhooks.

Source: https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, TypedDict

from attrs import field, frozen, validators

PROCESSING_UPLOAD: Final = "PROCESSING_UPLOAD"
PROCESSING_DOWNLOAD: Final = "PROCESSING_DOWNLOAD"
SEND_TO_USER_INBOX: Final = "SEND_TO_USER_INBOX"
PUBLISH_COMPLETE: Final = "PUBLISH_COMPLETE"
FAILED: Final = "FAILED"

FAIL_REASONS: Final = (
    "file_format_check_failed",
    "duration_check_failed",
    "frame_rate_check_failed",
    "picture_size_check_failed",
    "internal",
    "video_pull_failed",
    "photo_pull_failed",
    "publish_cancelled",
    "auth_removed",
    "spam_risk_too_many_posts",
    "spam_risk_user_banned_from_posting",
    "spam_risk_text",
    "spam_risk",
)

_NEVER: Final = None


class TimelineChanges(TypedDict, total=False):
    """Attributes of `Timeline` that a test may change."""

    download: timedelta
    download_size: int
    processing: timedelta
    fail_reason: str | None
    moderation: timedelta | None
    post_ids: int
    user_posts_after: timedelta | None
    hidden_after: timedelta | None


@frozen(slots=True, kw_only=True)
class Timeline:
    """How long the steps of a publish take, and how it ends.

    By default everything happens at once, so that a test does not wait. Give durations and move the emulator's
    clock to see the steps in between.

    Attributes:
        download: How long TikTok downloads a `PULL_FROM_URL`.
        download_size: The size of that download in bytes.
        processing: The time from the last byte to the next status.
        fail_reason: If set, the publish ends as `FAILED` with this reason; any text is allowed.
        moderation: The time from the post to its public id, for public posts; `None`: it never gets an id.
        post_ids: How many ids it gets; a draft may become several posts.
        user_posts_after: The time from the inbox until the user posts the draft; `None`: never.
        hidden_after: The time from the public id until the post is no longer public; `None`: never.

    Example:
        >>> Timeline(processing=timedelta(minutes=2), fail_reason="spam_risk").fail_reason
        'spam_risk'
    """

    download: timedelta = timedelta(0)
    download_size: int = field(default=20_000_000, validator=validators.gt(0))
    processing: timedelta = timedelta(0)
    fail_reason: str | None = None
    moderation: timedelta | None = timedelta(0)
    post_ids: int = field(default=1, validator=validators.ge(1))
    user_posts_after: timedelta | None = _NEVER
    hidden_after: timedelta | None = _NEVER


@frozen(slots=True, kw_only=True)
class Step:
    """One thing that happens to a publish.

    Attributes:
        after: Seconds since the upload was complete, or since the pull began.
        status: The new status; `None` does not change it.
        fail_reason: The reason, if the status is `FAILED`.
        event: The webhook event of this step.
        visible: Whether the post becomes public (true) or is no longer public (false); `None`: no change.
    """

    after: float
    status: str | None = None
    fail_reason: str | None = None
    event: str
    visible: bool | None = None


def steps(timeline: Timeline, *, pulled: bool, draft: bool, public: bool) -> Iterator[Step]:
    """Yield the steps of a publish, in order.

    Args:
        timeline: The planned timeline.
        pulled: Whether TikTok fetches the media.
        draft: Whether it goes to the inbox.
        public: Whether everyone may see the post.
    """
    at = timeline.processing.total_seconds()
    if pulled:
        at += timeline.download.total_seconds()
    if timeline.fail_reason is not None:
        yield failed(timeline.fail_reason, after=at)
        return
    if draft:
        yield Step(after=at, status=SEND_TO_USER_INBOX, event="post.publish.inbox_delivered")
        if timeline.user_posts_after is None:
            return
        at += timeline.user_posts_after.total_seconds()
    yield Step(after=at, status=PUBLISH_COMPLETE, event="post.publish.complete")
    if public and timeline.moderation is not None:
        at += timeline.moderation.total_seconds()
        yield Step(after=at, event="post.publish.publicly_available", visible=True)
        if timeline.hidden_after is not None:
            at += timeline.hidden_after.total_seconds()
            # TikTok's spelling.
            yield Step(after=at, event="post.publish.no_longer_publicaly_available", visible=False)


def failed(reason: str, *, after: float) -> Step:
    """Return the step that ends a publish for *reason*."""
    return Step(after=after, status=FAILED, fail_reason=reason, event="post.publish.failed")
