"""The HTTP answer to a visitor when a call to TikTok failed, for any framework."""

import logging
import math
from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import field, frozen

from tiktok_async.errors import (
    AccessTokenInvalid,
    AccountNotFound,
    ConfigurationError,
    PostingRefused,
    QuotaExhausted,
    RateLimited,
    RateLimitWaitExceeded,
    ReauthorizationRequired,
    ScopeNotAuthorized,
    ScopeNotGranted,
    SessionClosed,
    StoreError,
    TikTokError,
    WrongEventLoop,
)

__all__ = ["ErrorAnswer", "answer_for", "login_required"]

_logger = logging.getLogger("tiktok_async.contrib")

_APPLICATION_ERRORS = (ConfigurationError, SessionClosed, WrongEventLoop)
_SOON = 5  # seconds; a store that could not be reached usually answers again by then
_A_MINUTE = 60


@frozen(slots=True, kw_only=True)
class ErrorAnswer:
    """An HTTP answer for a request that failed.

    Attributes:
        status: The HTTP status.
        body: The JSON body. It always has `error`, a word for programs, and `message`, a text for people. It may have
            `login`, the path where a login begins; `missing`, the scopes that were not granted; `code`, TikTok's
            error code; and `log_id`, TikTok's id of the call.
        headers: Headers, such as `Retry-After`.
    """

    status: int
    body: Mapping[str, str | list[str]]
    headers: Mapping[str, str] = field(factory=dict[str, str])


def login_required(login_path: str) -> ErrorAnswer:
    """Return the answer for a visitor who is not logged in, or whose grant is gone."""
    body = {"error": "login_required", "message": "Log in with TikTok first.", "login": login_path}
    return ErrorAnswer(status=401, body=body)


def answer_for(error: TikTokError, *, login_path: str) -> ErrorAnswer | None:
    """Return the answer for *error*, or `None` if the application caused it; see `Backend.answer`."""
    if isinstance(error, _APPLICATION_ERRORS):
        return None
    if isinstance(error, (ReauthorizationRequired, AccountNotFound, AccessTokenInvalid)):
        return login_required(login_path)
    if isinstance(error, (ScopeNotGranted, ScopeNotAuthorized)):
        message = "This needs a permission that was not granted. Log in again and allow it."
        return _answer(403, "scope_missing", message, error, login=login_path, missing=sorted(error.missing))
    if isinstance(error, PostingRefused):
        return _answer(403, "posting_refused", "TikTok does not let this account post now.", error)
    if isinstance(error, (RateLimited, RateLimitWaitExceeded, QuotaExhausted)):
        seconds = _seconds_to_wait(error)
        message = "TikTok allows no more calls of this kind right now. Try again later."
        return _answer(429, "rate_limited", message, error, retry_after=seconds)
    return _failed(error)


def _failed(error: TikTokError) -> ErrorAnswer:
    _logger.error("A request was answered with an error: %s", error)
    if isinstance(error, StoreError):
        return _answer(503, "store_unavailable", "This does not work right now. Try again.", error, retry_after=_SOON)
    return _answer(502, "tiktok_failed", "TikTok did not answer as it should. Try again in a moment.", error)


def _answer(
    status: int, word: str, message: str, error: TikTokError, *, retry_after: int | None = None, **more: str | list[str]
) -> ErrorAnswer:
    words = ((name, getattr(error, name, None)) for name in ("code", "log_id"))
    told = {name: value for name, value in words if isinstance(value, str) and value}
    return ErrorAnswer(
        status=status,
        body={"error": word, "message": message, **more, **told},
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
    )


def _seconds_to_wait(error: RateLimited | RateLimitWaitExceeded | QuotaExhausted) -> int:
    if isinstance(error, QuotaExhausted):
        wait = None if error.resets_at is None else error.resets_at - datetime.now(UTC)
    else:
        wait = error.wait if isinstance(error, RateLimitWaitExceeded) else error.retry_after
    return _A_MINUTE if wait is None else max(1, math.ceil(wait.total_seconds()))
