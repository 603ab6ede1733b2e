"""The errors of what takes its time: uploads, posts, and a user's archive."""

from datetime import timedelta

from tiktok_async._error_base import TikTokError, join_words

__all__ = [
    "ArchiveUnavailable",
    "OutcomeUnknown",
    "PublishFailed",
    "PublishPending",
    "SourceChanged",
    "UploadError",
    "UploadExpired",
    "UploadRejected",
]


class UploadError(TikTokError):
    """Moving a video's bytes failed.

    Attributes:
        publish_id: The post it belongs to, if known.
        status: The upload host's HTTP status, if it answered.
    """

    def __init__(self, message: str, *, publish_id: str | None = None, status: int | None = None) -> None:
        self.publish_id = publish_id
        self.status = status
        super().__init__(join_words(message, f"[publish_id {publish_id}]" if publish_id else None))


class UploadExpired(UploadError):
    """The hour in which an upload must finish is over; start a new post."""


class UploadRejected(UploadError):
    """The upload host refused the bytes, or the address to send them to is not TikTok's."""


class SourceChanged(UploadError):
    """The file is not the one the upload began with; resuming would post a corrupt video."""


class PublishFailed(TikTokError):
    """TikTok did not publish the post.

    Attributes:
        reason: TikTok's fail reason, such as `frame_rate_check_failed`.
        retryable: Whether a new post of the same media may succeed.
        publish_id: The post.
        advice: What to do about it.
        log_id: TikTok's id of the call that told.
    """

    def __init__(
        self,
        reason: str,
        *,
        publish_id: str | None = None,
        retryable: bool = False,
        advice: str = "",
        log_id: str | None = None,
    ) -> None:
        self.reason = reason
        self.publish_id = publish_id
        self.retryable = retryable
        self.advice = advice
        self.log_id = log_id
        super().__init__(
            join_words(
                f"TikTok did not publish {publish_id or 'the post'}: {reason}.",
                advice,
                f"[log_id {log_id}]" if log_id else None,
            )
        )


class PublishPending(TikTokError):
    """The wait is over and the post is neither published nor failed: its outcome is still open.

    Attributes:
        publish_id: The post; ask again with `account.publish(publish_id).wait()`.
        state: The last state TikTok gave.
    """

    def __init__(self, publish_id: str, *, state: str | None = None, waited: timedelta | None = None) -> None:
        self.publish_id = publish_id
        self.state = state
        self.waited = waited
        super().__init__(
            f"Post {publish_id} is still {state or 'in progress'}"
            + (f" after {waited.total_seconds():.0f} s" if waited is not None else "")
            + ". Nothing failed: ask again later with `account.publish(publish_id).wait()`; do not post it anew."
        )


class ArchiveUnavailable(TikTokError):
    """A user's archive cannot be had: it is not ready in time, it has expired, or it was cancelled.

    Attributes:
        request_id: The request for it.
        state: TikTok's word: `pending`, `expired` or `cancelled`.
        open_id: The account.
    """

    def __init__(self, request_id: str, *, state: str, open_id: str | None = None, log_id: str | None = None) -> None:
        self.request_id = request_id
        self.state = state
        self.open_id = open_id
        self.log_id = log_id
        advice = (
            "Nothing failed: ask again later with `account.portability.request(request_id).wait()`."
            if state == "pending"
            else "Ask for a new one with `account.portability.add(...)`."
        )
        super().__init__(
            join_words(
                f"The archive of request {request_id}"
                + (f" of account {open_id}" if open_id else "")
                + f" is not there: its state is {state}.",
                advice,
                f"[log_id {log_id}]" if log_id else None,
            )
        )


class OutcomeUnknown(TikTokError):
    """A post may or may not have been accepted: the request may have arrived and no answer came.

    It was not repeated, since that could publish twice.

    Attributes:
        endpoint: The path that was called.
        open_id: The account.
        dedup_key: The caller's key for this post, if one was given.
    """

    def __init__(
        self,
        what: str,
        *,
        endpoint: str | None = None,
        open_id: str | None = None,
        dedup_key: str | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.open_id = open_id
        self.dedup_key = dedup_key
        super().__init__(
            f"{what}"
            + (f" (account {open_id})" if open_id else "")
            + ". It was not repeated, since that could publish twice. Look at the creator's profile or drafts, or "
            "wait for a webhook, before you post again."
        )
