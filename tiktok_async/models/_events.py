"""The events for a session's observer; they hold no secrets."""

from datetime import datetime, timedelta

from attrs import frozen

from tiktok_async.errors import TikTokError
from tiktok_async.models._json import JsonModel


@frozen(slots=True, kw_only=True)
class RefreshReport(JsonModel):
    """One sweep over the accounts whose token ends soon.

    Attributes:
        refreshed: The number of rotated tokens.
        failed: The number of failed rotations.
        skipped: The number of accounts left to another worker, or not due any more.
        failures: The open_id and the error of at most 100 failures, the earliest end first.
    """

    refreshed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[tuple[str, TikTokError], ...] = ()


@frozen(slots=True, kw_only=True)
class Event(JsonModel):
    """The base of every event.

    Attributes:
        at: When it happened (UTC).
        open_id: The account it is about, if it is about one.
    """

    at: datetime
    open_id: str | None = None


@frozen(slots=True, kw_only=True)
class RequestFinished(Event):
    """One call ended, after all its attempts.

    Attributes:
        endpoint: The path.
        method: The HTTP method.
        status: The last HTTP status; `None` without an answer.
        duration: From the call to its end, waits included.
        attempts: The number of attempts.
        waited: The wait for the rate limit.
        log_id: TikTok's id of the last attempt.
        error: The class name of its error; `None` for success.
        code: TikTok's error code, if there is one.
    """

    endpoint: str
    method: str
    status: int | None
    duration: timedelta
    attempts: int
    waited: timedelta
    log_id: str | None = None
    error: str | None = None
    code: str | None = None


@frozen(slots=True, kw_only=True)
class Retrying(Event):
    """A call failed and is about to be repeated.

    Attributes:
        endpoint: The path.
        attempt: The number of the attempt that failed, from 1.
        wait: The time until the next one.
        error: The class name of the error.
        log_id: TikTok's id of the attempt that failed.
    """

    endpoint: str
    attempt: int
    wait: timedelta
    error: str
    log_id: str | None = None


@frozen(slots=True, kw_only=True)
class RateLimitWaited(Event):
    """A call had to wait for the rate limit.

    Attributes:
        endpoint: The path.
        wait: The length of the wait.
    """

    endpoint: str
    wait: timedelta


@frozen(slots=True, kw_only=True)
class TokenRefreshed(Event):
    """An account's token was rotated and stored.

    Attributes:
        expires_at: When the new access token ends.
        version: Its version in the store.
        duration: How long the rotation took.
        background: Whether no call was waiting for it.
    """

    expires_at: datetime
    version: int
    duration: timedelta
    background: bool


@frozen(slots=True, kw_only=True)
class TokenRefreshFailed(Event):
    """A rotation failed; the account may still work, and another attempt follows after some time.

    Attributes:
        error: The class name of the error.
        code: TikTok's error code, if it gave one.
        log_id: TikTok's id of the call.
        unsaved: Whether TikTok rotated the token and the new one could not be stored.
    """

    error: str
    code: str | None = None
    log_id: str | None = None
    unsaved: bool = False


@frozen(slots=True, kw_only=True)
class ReauthorizationNeeded(Event):
    """An account's grant has ended; emitted once each time this is found.

    Attributes:
        reason: `revoked`, `expired` or `interrupted_rotation`.
        log_id: TikTok's id of the call.
    """

    reason: str
    log_id: str | None = None


@frozen(slots=True, kw_only=True)
class ChunkUploaded(Event):
    """TikTok acknowledged one chunk of a video.

    Attributes:
        publish_id: The post.
        chunk: The chunk's number, from 0.
        chunks: The number of chunks.
        size: Bytes that TikTok has acknowledged since the previous event.
        sent: Bytes that TikTok has acknowledged.
        total: The size of the video.
        duration: The time this chunk took.
        attempts: The number of attempts for it.
    """

    publish_id: str
    chunk: int
    chunks: int
    size: int
    sent: int
    total: int
    duration: timedelta
    attempts: int


@frozen(slots=True, kw_only=True)
class PublishChanged(Event):
    """A post's state changed.

    Attributes:
        publish_id: The post.
        state: The new state, by TikTok's name.
        fail_reason: The reason, if it failed.
    """

    publish_id: str
    state: str
    fail_reason: str | None = None


@frozen(slots=True, kw_only=True)
class StoreUnsafe(Event):
    """The token store has a setting that can lose tokens; emitted once when it is opened.

    Attributes:
        setting: The setting and its value, such as `appendonly no`.
        advice: The right setting, and why.
    """

    setting: str
    advice: str
