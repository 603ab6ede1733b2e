"""Everything that can go wrong, as one tree.

```
TikTokError
    ConfigurationError              SessionClosed  WrongEventLoop
    TransportError
    ApiError
        InvalidParams  AccessTokenInvalid  ScopeNotAuthorized  RateLimited  QuotaExhausted  PostingRefused  ServerError
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
```

Every message says what happened, to whom and what to do, and ends with TikTok's `log_id` where there is one.
Every error pickles, copies and chains without loss and without a secret. Codes become classes by the tables
`API_ERRORS` and `OAUTH_ERRORS`, which also say what is worth repeating and who can mend it.
"""

from collections.abc import Iterable
from datetime import timedelta

from tiktok_async._error_answers import (
    AccessTokenInvalid,
    ApiError,
    AuthorizationDenied,
    InvalidParams,
    OAuthError,
    PostingRefused,
    QuotaExhausted,
    RateLimited,
    ReauthorizationRequired,
    ScopeNotAuthorized,
    ServerError,
    StateMismatch,
    api_error,
    oauth_error,
)
from tiktok_async._error_base import TikTokError, join_words, scrub
from tiktok_async._error_posts import (
    ArchiveUnavailable,
    OutcomeUnknown,
    PublishFailed,
    PublishPending,
    SourceChanged,
    UploadError,
    UploadExpired,
    UploadRejected,
)
from tiktok_async._error_stores import (
    CheckpointConflict,
    DecryptionError,
    LeaseUnavailable,
    StoreError,
    TokenConflict,
    TokenNotSaved,
)
from tiktok_async._error_table import API_ERRORS, OAUTH_ERRORS, ErrorRule, Fixer

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
    "OAuthError",
    "OutcomeUnknown",
    "PostingRefused",
    "PublishFailed",
    "PublishPending",
    "QuotaExhausted",
    "RateLimitWaitExceeded",
    "RateLimited",
    "ReauthorizationRequired",
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
    "oauth_error",
    "scrub",
]


class ConfigurationError(TikTokError):
    """Wrong arguments, a bad redirect URI, a missing extra or a missing variable; the message names the fix.

    Args:
        message: What is wrong and what to do.
        problems: Each thing that is wrong, where there may be several; the message holds them too.

    Attributes:
        problems: Each thing that is wrong, where there may be several.
    """

    def __init__(self, message: str, *, problems: Iterable[str] = ()) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__(message)


class SessionClosed(TikTokError):
    """A call on a session that was closed.

    Args:
        what: What was called.
    """

    def __init__(self, what: str = "this call") -> None:
        super().__init__(
            f"The session is closed, so {what} cannot run. Make the call inside `async with TikTokSession(...)`."
        )


class WrongEventLoop(TikTokError):
    """A session used from another event loop than the one it was opened on."""

    def __init__(self, what: str = "TikTokSession") -> None:
        super().__init__(
            f"This {what} belongs to another event loop. Open one per loop with `async with`, or use "
            "`tiktok_async.blocking` from synchronous code."
        )


class TransportError(TikTokError):
    """The network failed: DNS, connect, TLS, reset or timeout.

    Args:
        what: What failed, in words.
        sent: Whether the request may have reached TikTok.
        endpoint: The path that was called.

    Attributes:
        sent: `False` only when the request provably did not arrive.
        endpoint: The path that was called.
    """

    def __init__(self, what: str, *, sent: bool, endpoint: str | None = None) -> None:
        self.sent = sent
        self.endpoint = endpoint
        fate = (
            "The request may have reached TikTok."
            if sent
            else "The request did not reach TikTok; it is safe to repeat."
        )
        super().__init__(join_words(f"Calling {endpoint or 'TikTok'} failed: {what}.", fate))


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
    """The granted scopes do not cover what was asked; nothing was sent.

    Attributes:
        missing: The scopes to ask the user for.
        open_id: The account.
    """

    def __init__(self, missing: frozenset[str] | set[str], *, open_id: str | None = None, what: str = "This") -> None:
        self.missing: frozenset[str] = frozenset(missing)
        self.open_id = open_id
        scopes = ", ".join(sorted(self.missing))
        super().__init__(
            f"{what} needs the scope{'s' if len(self.missing) > 1 else ''} {scopes}, not granted"
            + (f" by account {open_id}" if open_id else "")
            + ". Ask for less, or send the user through a login that asks for it."
        )


class RateLimitWaitExceeded(TikTokError):
    """The wait for a free slot is longer than `max_rate_limit_wait`; nothing was sent.

    Attributes:
        wait: How long the wait would be.
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
    """A webhook delivery that must not be believed; answer it with a 4xx."""


class SignatureMismatch(WebhookError):
    """The signature is missing, malformed or not made with this app's secret over these bytes."""


class TimestampOutsideTolerance(WebhookError):
    """The signature's time is too far in the past or in the future."""


class WrongApp(WebhookError):
    """The delivery is for another app's `client_key`."""


class EventInProgress(WebhookError):
    """The delivery is a repeated one whose event another process is still at work on; TikTok repeats it again."""


# Tracebacks, pickles and logs name the public module, whichever file a class is written in.
for _cls in [value for value in globals().values() if isinstance(value, type) and issubclass(value, TikTokError)]:
    _cls.__module__ = __name__
