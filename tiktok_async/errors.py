"""All errors of this library, as one tree.

```
TikTokError
    ConfigurationError              SessionClosed  WrongEventLoop
    TransportError
    ApiError
        InvalidParams  AccessTokenInvalid  ScopeNotAuthorized  RateLimited  QuotaExhausted  PostingRefused  ServerError
            ListingIncomplete
    OAuthError
        ReauthorizationRequired  AuthorizationDenied  StateMismatch
    AccountNotFound  ScopeNotGranted  RateLimitWaitExceeded
    UploadError
        UploadExpired  UploadRejected  SourceChanged
    PublishFailed  PublishPending  OutcomeUnknown
    ArchiveUnavailable
    StoreError
        TokenConflict  CheckpointConflict  TokenNotSaved  LeaseUnavailable  DecryptionError
    WebhookError
        SignatureMismatch  TimestampOutsideTolerance  WrongApp  EventInProgress
    ReportRefused
```

Every message says what happened, for which account, and what to do, and ends with TikTok's `log_id` if there is one.
Every error can be pickled, copied and chained without loss and without a secret. The tables `API_ERRORS` and
`OAUTH_ERRORS` give the class of each code, whether a repeat is worthwhile, and who can correct the cause.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from tiktok_async._error_codes import API_ERRORS, OAUTH_ERRORS, UNKNOWN_OAUTH, ErrorRule, Fixer, rule_for_status

if TYPE_CHECKING:
    from tiktok_async.models._tokens import Token


__all__ = [
    "API_ERRORS",
    "OAUTH_ERRORS",
    "AccessTokenInvalid",
    "AccountNotFound",
    "ApiError",
    "ArchiveUnavailable",
    "AuthorizationDenied",
    "CheckpointConflict",
    "ConfigurationError",
    "DecryptionError",
    "ErrorRule",
    "EventInProgress",
    "Fixer",
    "InvalidParams",
    "LeaseUnavailable",
    "ListingIncomplete",
    "OAuthError",
    "OutcomeUnknown",
    "PostingRefused",
    "PublishFailed",
    "PublishPending",
    "QuotaExhausted",
    "RateLimitWaitExceeded",
    "RateLimited",
    "ReauthorizationRequired",
    "ReportRefused",
    "ScopeNotAuthorized",
    "ScopeNotGranted",
    "ServerError",
    "SessionClosed",
    "SignatureMismatch",
    "SourceChanged",
    "StateMismatch",
    "StoreError",
    "TikTokError",
    "TimestampOutsideTolerance",
    "TokenConflict",
    "TokenNotSaved",
    "TransportError",
    "UploadError",
    "UploadExpired",
    "UploadRejected",
    "WebhookError",
    "WrongApp",
    "WrongEventLoop",
    "api_error",
    "join_words",
    "oauth_error",
    "printable",
    "scrub",
    "unexpected_form",
]


# The token prefixes of TikTok's samples; the rest of a token may have any form and length.
# https://developers.tiktok.com/doc/oauth-user-access-token-management
_TOKEN = re.compile(r"\b(act|rft|clt)\.[^\s\"'&,;<>]+")
_SECRET_PARAMETER = re.compile(
    r"\b(upload_token|access_token|refresh_token|client_secret|code_verifier|code)=[^\s\"'&<>]+"
)


def scrub(text: str) -> str:
    """Replace text like a token or a secret parameter in *text* from outside.

    Example:
        >>> scrub("token act.abc!1 is bad")
        'token act.*** is bad'
    """
    return _SECRET_PARAMETER.sub(r"\1=***", _TOKEN.sub(r"\1.***", text))


# The characters that control a terminal or a log file (C0 and C1 with the line ends, line separators, marks that
# change the direction of text), and halves of surrogate pairs, which no encoding can represent.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Escape control characters in *text* from outside, so that it stays on one line in a terminal or a log.

    Escaping twice changes nothing more, since backslashes are not escaped.

    Example:
        >>> printable("no\x1b[2Jsuch\ntoken")
        'no\\x1b[2Jsuch\\ntoken'
    """
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(found: "re.Match[str]") -> str:
    return found.group().encode("unicode_escape").decode("ascii")


def _foreign(text: str) -> str:
    """Return *text* from outside in a form that is safe in a message."""
    return printable(scrub(text))


def join_words(*parts: str | None) -> str:
    """Join the parts of a message that are not empty."""
    return " ".join(part for part in parts if part)


def _restore(cls: "type[TikTokError]", args: tuple[Any, ...], state: dict[str, Any]) -> "TikTokError":
    error = cls.__new__(cls, *args)
    error.args = args
    cause = state.pop("__cause__", None)
    error.__dict__.update(state)
    if cause is not None:
        error.__cause__ = cause
    return error


class TikTokError(Exception):
    """The base of every error of this library.

    Args:
        message: What happened, for which account, and what to do; without a secret.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))

    def __reduce__(self) -> tuple[Any, ...]:
        state = dict(self.__dict__)
        # An error of another library may hold request headers or not pickle; those of this library are safe.
        if isinstance(self.__cause__, TikTokError):
            state["__cause__"] = self.__cause__
        return (_restore, (type(self), self.args, state))

    def __copy__(self) -> Self:
        error = type(self).__new__(type(self), *self.args)
        error.args = self.args
        error.__dict__.update(self.__dict__)
        error.__cause__ = self.__cause__
        return error

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # The attributes are immutable values, which need no copies.
        return self.__copy__()


class ApiError(TikTokError):
    """TikTok answered with an error.

    Args:
        code: TikTok's error code.
        message: TikTok's message, or one of this library if it sent none.
        log_id: TikTok's id of the call, for its support.
        status: The HTTP status.
        endpoint: The path that was called.
        open_id: The account of the call.
        retryable: Whether the same call may succeed later; `None` takes the table's value.
        advice: What to do; `None` takes the table's text.

    Attributes:
        code: TikTok's error code, such as `access_token_invalid`.
        message: TikTok's own message.
        log_id: TikTok's id of the call.
        status: The HTTP status.
        endpoint: The path that was called.
        open_id: The account of the call, if any.
        retryable: Whether the same call may succeed later.
        fixer: Who can correct the cause: the user, the developer or TikTok.
        advice: What to do about it.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        log_id: str | None = None,
        status: int = 0,
        endpoint: str | None = None,
        open_id: str | None = None,
        retryable: bool | None = None,
        advice: str | None = None,
    ) -> None:
        rule = API_ERRORS.get(code) or rule_for_status(status)
        self.code: str = printable(code)
        self.message: str = _foreign(message)
        self.log_id: str | None = None if log_id is None else printable(log_id)
        self.status = status
        self.endpoint = endpoint
        self.open_id = open_id
        self.retryable: bool = rule.retryable if retryable is None else retryable
        self.fixer: Fixer = rule.fixer
        self.advice: str = rule.advice if advice is None else advice
        super().__init__(
            join_words(
                f"{endpoint or 'TikTok'} refused with {self.code or 'an empty code'!s} (HTTP {status})"
                + (f" for account {open_id}" if open_id else "")
                + (f": {self.message}" if self.message else "")
                + ".",
                self.advice,
                f"[log_id {self.log_id}]" if log_id else None,
            )
        )


class InvalidParams(ApiError):
    """A parameter of the request is wrong; TikTok's message says which."""


class AccessTokenInvalid(ApiError):
    """TikTok does not accept the access token, even after a refresh."""


class ScopeNotAuthorized(ApiError):
    """The user did not grant a scope that this call needs.

    Attributes:
        missing: The scopes that the endpoint needs and the token does not have, if they are known.
    """

    missing: frozenset[str] = frozenset()


class RateLimited(ApiError):
    """TikTok's sliding window is full.

    Attributes:
        retry_after: The time until the window has a free slot, as far as it is known.
    """

    retry_after: timedelta | None = None


class QuotaExhausted(ApiError):
    """A daily quota is used up.

    Attributes:
        resets_at: The time at which it is available again (UTC).
    """

    resets_at: datetime | None = None


class PostingRefused(ApiError):
    """TikTok does not let this creator or this app post now (the 403 family of the Content Posting API)."""


class ServerError(ApiError):
    """TikTok failed on its side, or its answer did not have the form of its API."""


class ListingIncomplete(ServerError):
    """A listing stopped although TikTok says that there is more, so it is not complete.

    Its last page was requested several times, and each time its cursor was missing or not new. All pages so far were
    yielded. Continue later from the last page's `cursor` or `checkpoint`.

    Args:
        endpoint: The path that was called.
        log_id: TikTok's id of the last call.
        open_id: The account whose items are listed, if any.
    """

    def __init__(self, *, endpoint: str, log_id: str | None = None, open_id: str | None = None) -> None:
        super().__init__(
            "listing_incomplete",
            "the listing stopped although has_more is true",
            log_id=log_id,
            status=200,
            endpoint=endpoint,
            open_id=open_id,
            retryable=True,
            advice="The listing is not complete; continue it later from the last page's cursor or checkpoint.",
        )


_API_CLASSES: Mapping[str, type[ApiError]] = {
    cls.__name__: cls
    for cls in (
        ApiError,
        InvalidParams,
        AccessTokenInvalid,
        ScopeNotAuthorized,
        RateLimited,
        QuotaExhausted,
        PostingRefused,
        ServerError,
    )
}


def api_error(
    code: str,
    message: str = "",
    *,
    log_id: str | None = None,
    status: int = 0,
    endpoint: str | None = None,
    open_id: str | None = None,
) -> ApiError:
    """Build the error for *code*.

    Args:
        code: TikTok's error code; for an unknown one, *status* decides.
        message: TikTok's message.
        log_id: TikTok's id of the call.
        status: The HTTP status.
        endpoint: The path that was called.
        open_id: The account of the call.

    Returns:
        An instance of the class that `API_ERRORS` names.
    """
    rule = API_ERRORS.get(code) or rule_for_status(status)
    cls = _API_CLASSES[rule.error]
    return cls(code, message, log_id=log_id, status=status, endpoint=endpoint, open_id=open_id)


def unexpected_form(
    what: str,
    *,
    endpoint: str,
    status: int = 0,
    log_id: str | None = None,
    open_id: str | None = None,
    advice: str = "TikTok or a proxy changed the answer; report it with the log_id.",
) -> ServerError:
    """Build the error for an answer without the documented form; it is not worth a repeat.

    Args:
        what: The problem, without any value of the answer.
        endpoint: The path that was called.
        status: The HTTP status.
        log_id: TikTok's id of the call.
        open_id: The account of the call.
        advice: What to do.
    """
    return ServerError(
        "unexpected_form",
        what,
        log_id=log_id,
        status=status,
        endpoint=endpoint,
        open_id=open_id,
        retryable=False,
        advice=advice,
    )


class OAuthError(TikTokError):
    """The OAuth endpoints refused.

    Args:
        error: The OAuth error, such as `invalid_client`.
        description: TikTok's message.
        log_id: TikTok's id of the call.
        open_id: The account it was for, if any.

    Attributes:
        error: The OAuth error.
        description: TikTok's message.
        log_id: TikTok's id of the call.
        open_id: The account it was for, if any.
        retryable: Whether the same call may succeed later.
        fixer: Who can correct the cause.
        advice: What to do about it.
    """

    def __init__(
        self, error: str, description: str = "", *, log_id: str | None = None, open_id: str | None = None
    ) -> None:
        rule = OAUTH_ERRORS.get(error, UNKNOWN_OAUTH)
        self.error: str = printable(error)
        self.description: str = _foreign(description)
        self.log_id: str | None = None if log_id is None else printable(log_id)
        self.open_id = open_id
        self.retryable: bool = rule.retryable
        self.fixer: Fixer = rule.fixer
        self.advice: str = rule.advice
        super().__init__(
            join_words(
                f"OAuth refused with {self.error}"
                + (f" for account {open_id}" if open_id else "")
                + (f": {self.description.rstrip('.')}" if self.description else "")
                + ".",
                rule.advice,
                f"[log_id {self.log_id}]" if log_id else None,
            )
        )


class ReauthorizationRequired(OAuthError):
    """The account's grant has ended: its user must log in again. The account stays marked until then.

    Args:
        open_id: The account.
        reason: `revoked`, `expired` or `interrupted_rotation`.
        description: TikTok's message, if any.
        log_id: TikTok's id of the call, if any.

    Attributes:
        open_id: The account.
        reason: `revoked` (TikTok refuses the refresh token: the user or TikTok ended the grant, or the token had been
            used and the store lost the newer one), `expired` (the refresh token has expired) or
            `interrupted_rotation` (TikTok rotated, and the result was never saved or could not be used).
    """

    open_id: str  # pyright: ignore[reportIncompatibleVariableOverride]  # here it is always known

    def __init__(self, open_id: str, reason: str, *, description: str = "", log_id: str | None = None) -> None:
        super().__init__("invalid_grant", description, log_id=log_id, open_id=open_id)
        self.reason = reason
        what = {
            "revoked": "TikTok refuses its refresh token. Its user or TikTok ended the grant, or the token had been "
            "used and the store lost the newer one (a failover, a restored backup)",
            "expired": "its refresh token has expired",
            "interrupted_rotation": "a rotation was interrupted before its token was saved, or its token is unusable",
        }.get(reason, reason)
        self.args: tuple[Any, ...] = (
            printable(
                join_words(
                    f"Account {open_id} must log in again: {what}.",
                    "Send its user through `session.oauth.authorization(...)` once more.",
                    f"[log_id {self.log_id}]" if log_id else None,
                )
            ),
        )


class AuthorizationDenied(OAuthError):
    """The user or TikTok refused on the consent page."""


class StateMismatch(OAuthError):
    """The callback's `state` is not that of the login: the callback is forged, or for another login."""

    def __init__(self, description: str = "The callback's state is not the one this login began with.") -> None:
        super().__init__("state_mismatch", description)


def oauth_error(
    error: str, description: str = "", *, log_id: str | None = None, open_id: str | None = None
) -> OAuthError:
    """Build the error for the OAuth error *error*.

    Args:
        error: TikTok's error; an unknown one is a plain `OAuthError`.
        description: TikTok's message.
        log_id: TikTok's id of the call.
        open_id: The account it was for.

    Returns:
        An instance of the class that `OAUTH_ERRORS` names.
    """
    cls = AuthorizationDenied if OAUTH_ERRORS.get(error, UNKNOWN_OAUTH).error == "AuthorizationDenied" else OAuthError
    return cls(error, description, log_id=log_id, open_id=open_id)


class UploadError(TikTokError):
    """Sending a video's bytes failed.

    Attributes:
        publish_id: The post it belongs to, if known.
        status: The upload host's HTTP status, if it answered.
    """

    def __init__(self, message: str, *, publish_id: str | None = None, status: int | None = None) -> None:
        self.publish_id = publish_id
        self.status = status
        super().__init__(join_words(message, f"[publish_id {publish_id}]" if publish_id else None))


class UploadExpired(UploadError):
    """The hour in which an upload must finish has passed; start a new post."""


class UploadRejected(UploadError):
    """The upload host refused the bytes, or the upload address is not TikTok's."""


class SourceChanged(UploadError):
    """The file is not the one with which the upload began; resuming would post a corrupt video."""


class PublishFailed(TikTokError):
    """TikTok did not publish the post.

    Attributes:
        reason: TikTok's fail reason, such as `frame_rate_check_failed`.
        retryable: Whether a new post of the same media may succeed.
        publish_id: The post.
        advice: What to do about it.
        log_id: TikTok's id of the status call.
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
        self.reason: str = printable(reason)
        self.publish_id = publish_id
        self.retryable = retryable
        self.advice = advice
        self.log_id: str | None = None if log_id is None else printable(log_id)
        super().__init__(
            join_words(
                f"TikTok did not publish {publish_id or 'the post'}: {self.reason}.",
                advice,
                f"[log_id {log_id}]" if log_id else None,
            )
        )


class PublishPending(TikTokError):
    """The wait has ended, and the post is neither published nor failed yet.

    Args:
        publish_id: The post.
        state: The last state TikTok gave.
        waited: The length of the wait.
        problem: The error of the last status call, if it failed; it is the `__cause__`, too.

    Attributes:
        publish_id: The post; ask again with `account.publish(publish_id).wait()`.
        state: The last state TikTok gave.
        waited: The length of the wait.
    """

    def __init__(
        self,
        publish_id: str,
        *,
        state: str | None = None,
        waited: timedelta | None = None,
        problem: TikTokError | None = None,
    ) -> None:
        self.publish_id = publish_id
        self.state: str | None = None if state is None else printable(state)
        self.waited = waited
        super().__init__(
            f"Post {publish_id} is still {self.state or 'in progress'}"
            + (f" after {waited.total_seconds():.0f} s" if waited is not None else "")
            + (
                ". Nothing failed: ask"
                if problem is None
                else f", as far as is known: the last status call failed ({type(problem).__name__}). Ask"
            )
            + " again later with `account.publish(publish_id).wait()`; do not post it again."
        )
        self.__cause__: BaseException | None = problem


class ArchiveUnavailable(TikTokError):
    """A user's archive is not available: it is not ready in time, it has expired, or it was cancelled.

    Attributes:
        request_id: The request for it.
        state: TikTok's state: `pending`, `expired` or `cancelled`.
        open_id: The account.
    """

    def __init__(self, request_id: str, *, state: str, open_id: str | None = None, log_id: str | None = None) -> None:
        self.request_id = request_id
        self.state: str = printable(state)
        self.open_id = open_id
        self.log_id: str | None = None if log_id is None else printable(log_id)
        advice = (
            "Nothing failed: ask again later with `account.portability.request(request_id).wait()`."
            if state == "pending"
            else "Request a new one with `account.portability.add(...)`."
        )
        super().__init__(
            join_words(
                f"The archive of request {request_id}"
                + (f" of account {open_id}" if open_id else "")
                + f" is not available: its state is {state}.",
                advice,
                f"[log_id {log_id}]" if log_id else None,
            )
        )


class OutcomeUnknown(TikTokError):
    """A post may or may not have been accepted: the request may have arrived, but there was no answer.

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
            + ". It was not repeated, since that could publish twice. Check the creator's profile or drafts, or "
            "wait for a webhook, before you post again."
        )


class StoreError(TikTokError):
    """The token store failed."""


class TokenConflict(StoreError):
    """Another worker stored a newer token first; read it again.

    Attributes:
        open_id: The account.
        expected_version: The version that the caller expected; `None` if it expected no token.
        actual_version: The version that is stored; `None` if there is no token.
    """

    def __init__(self, open_id: str, *, expected_version: int | None, actual_version: int | None) -> None:
        self.open_id = open_id
        self.expected_version = expected_version
        self.actual_version = actual_version
        super().__init__(
            f"The stored token of account {open_id} has version {actual_version}, not {expected_version}: another "
            "process stored one first. Read it again."
        )


class CheckpointConflict(StoreError):
    """Another worker stored a newer checkpoint of an account first, and continues with it.

    Attributes:
        open_id: The account.
        expected_version: The version that the caller expected; `None` if it expected no checkpoint.
        actual_version: The version that is stored; `None` if there is none.
    """

    def __init__(self, open_id: str, *, expected_version: int | None, actual_version: int | None) -> None:
        self.open_id = open_id
        self.expected_version = expected_version
        self.actual_version = actual_version
        super().__init__(
            f"The checkpoint of account {open_id} has version {actual_version}, not {expected_version}: another worker "
            "is at work on this account. Leave it to that one."
        )


class TokenNotSaved(StoreError):
    """TikTok rotated the token, and the new one could not be stored.

    Attributes:
        token: The rotated token, the only valid one now. Store it yourself, or its user must log in again.
            It stays in this process: a pickled copy of this error holds `None`.
        open_id: The account.
    """

    def __init__(self, token: "Token", *, reason: str = "the store failed") -> None:
        self.token: Token | None = token
        self.open_id: str = token.key.open_id
        super().__init__(
            f"The rotated token of account {self.open_id} could not be saved: {reason}. `.token` holds it; it"
            " works in this process; put it into a store before the process ends, or the user must log in again."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        restore, (cls, args, state) = super().__reduce__()
        return (restore, (cls, args, {**state, "token": None}))


class LeaseUnavailable(StoreError):
    """Another worker holds this account's lease and did not release it in time.

    Attributes:
        open_id: The account.
    """

    def __init__(self, open_id: str, *, waited: timedelta) -> None:
        self.open_id = open_id
        self.waited = waited
        super().__init__(
            f"Another worker held the lease of account {open_id} for {waited.total_seconds():.1f} s. "
            "Try again: the lease of a holder that died ends by itself."
        )


class DecryptionError(StoreError):
    """A stored token cannot be decrypted; the record is not changed, and the right key can still decrypt it.

    Attributes:
        open_id: The account.
    """

    def __init__(self, open_id: str, *, reason: str) -> None:
        self.open_id = open_id
        super().__init__(f"The stored token of account {open_id} cannot be decrypted: {reason}.")


class ConfigurationError(TikTokError):
    """Wrong arguments, a bad redirect URI, a missing extra or a missing variable; the message says what to change.

    Args:
        message: The problem and what to do.
        problems: Each problem, if there may be several; the message holds them too.

    Attributes:
        problems: Each problem, if there may be several.
    """

    def __init__(self, message: str, *, problems: Iterable[str] = ()) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__(message)
        # The only messages of several lines: lists of problems by this library.
        self.args: tuple[Any, ...] = ("\n".join(map(printable, message.split("\n"))),)


class SessionClosed(TikTokError):
    """A call on a session that was closed.

    Args:
        what: The name of the call.
    """

    def __init__(self, what: str = "this call") -> None:
        super().__init__(
            f"The session is closed, so {what} cannot run. Make the call inside `async with TikTokSession(...)`."
        )


class WrongEventLoop(TikTokError):
    """A session was used from another event loop than its own, or from a forked process.

    Args:
        what: The used object.
        forked: Whether this process is a fork of the one that used it.
    """

    def __init__(self, what: str = "TikTokSession", *, forked: bool = False) -> None:
        if forked:
            super().__init__(
                f"This {what} was used before this process was forked. Its connections belong to the parent process. "
                "Open one in each process, after the fork."
            )
            return
        super().__init__(
            f"This {what} belongs to another event loop. Open one per loop with `async with`, or use "
            "`tiktok_async.blocking` from synchronous code."
        )


class TransportError(TikTokError):
    """The network failed: DNS, connect, TLS, reset or timeout.

    Args:
        what: The failure, in words.
        sent: Whether the request may have reached TikTok.
        endpoint: The path that was called.

    Attributes:
        sent: `False` only if the request certainly did not arrive.
        endpoint: The path that was called.
    """

    def __init__(self, what: str, *, sent: bool, endpoint: str | None = None) -> None:
        self.sent = sent
        self.endpoint = endpoint
        advice = (
            "The request may have reached TikTok."
            if sent
            else "The request did not reach TikTok; it is safe to repeat."
        )
        super().__init__(join_words(f"Calling {endpoint or 'TikTok'} failed: {what}.", advice))


class AccountNotFound(TikTokError):
    """No token is stored for this account.

    Attributes:
        open_id: The account.
        client_key: The app.
    """

    def __init__(self, open_id: str, client_key: str | None = None) -> None:
        self.open_id = open_id
        self.client_key = client_key
        super().__init__(
            f"No token is stored for account {open_id}"
            + (f" of app {client_key}" if client_key else "")
            + ". Log its user in with `session.oauth.authorization(...)`, or check which store the session uses."
        )


class ScopeNotGranted(TikTokError):
    """The granted scopes do not cover the call; nothing was sent.

    Attributes:
        missing: The scopes that the user must grant.
        open_id: The account.
    """

    def __init__(self, missing: frozenset[str] | set[str], *, open_id: str | None = None, what: str = "This") -> None:
        self.missing: frozenset[str] = frozenset(missing)
        self.open_id = open_id
        scopes = ", ".join(sorted(self.missing))
        super().__init__(
            f"{what} needs the scope{'s' if len(self.missing) > 1 else ''} {scopes}, not granted"
            + (f" by account {open_id}" if open_id else "")
            + ". Request less, or send the user through a login that requests it."
        )


class RateLimitWaitExceeded(TikTokError):
    """The wait for a free slot is longer than `max_rate_limit_wait`; nothing was sent.

    Attributes:
        wait: The length of the wait.
        endpoint: The path.
        open_id: The account, if any.
    """

    def __init__(self, wait: timedelta, *, endpoint: str | None = None, open_id: str | None = None) -> None:
        self.wait = wait
        self.endpoint = endpoint
        self.open_id = open_id
        super().__init__(
            f"{endpoint or 'The endpoint'} has no free slot for {wait.total_seconds():.1f} s"
            + (f" for account {open_id}" if open_id else "")
            + "; nothing was sent. Try again after that, or raise `max_rate_limit_wait`."
        )


class WebhookError(TikTokError):
    """A webhook delivery that must not be trusted; answer it with a 4xx."""


class SignatureMismatch(WebhookError):
    """The signature is missing or malformed, or does not match this app's secret and these bytes."""


class TimestampOutsideTolerance(WebhookError):
    """The signature's time is too far in the past or in the future."""


class WrongApp(WebhookError):
    """The delivery is for another app's `client_key`."""


class EventInProgress(WebhookError):
    """A repeated delivery, while another process is still at work on its event; TikTok repeats it again."""


class ReportRefused(TikTokError):
    """A probe's report would hold something that is on no list of what it may hold; no file was written.

    Attributes:
        where: At which place of the report, without what stands there.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(
            f"The report was not written, since it may hold something of yours: {where}. Nothing was sent. This is a "
            "mistake of tiktok-async: please report it, with the place that is named here."
        )
