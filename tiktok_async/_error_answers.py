"""The errors that TikTok answers with: the REST API's codes, and the OAuth endpoints' words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tiktok_async._error_base import TikTokError, join_words, scrub
from tiktok_async._error_table import API_ERRORS, OAUTH_ERRORS, UNKNOWN_OAUTH, Fixer, rule_for_status

__all__ = [
    "AccessTokenInvalid",
    "ApiError",
    "AuthorizationDenied",
    "InvalidParams",
    "OAuthError",
    "PostingRefused",
    "QuotaExhausted",
    "RateLimited",
    "ReauthorizationRequired",
    "ScopeNotAuthorized",
    "ServerError",
    "StateMismatch",
    "api_error",
    "oauth_error",
]


class ApiError(TikTokError):
    """TikTok answered and said no.

    Args:
        code: TikTok's error code.
        message: TikTok's words, or ours where it sent none.
        log_id: TikTok's id of the call, for its support.
        status: The HTTP status.
        endpoint: The path that was called.
        open_id: The account the call was for.
        retryable: Whether the same call may succeed later; `None` takes the table's word.
        advice: What to do; `None` takes the table's word.

    Attributes:
        code: TikTok's error code, such as `access_token_invalid`.
        message: TikTok's own words.
        log_id: TikTok's id of the call.
        status: The HTTP status.
        endpoint: The path that was called.
        open_id: The account the call was for, if any.
        retryable: Whether the same call may succeed later.
        fixer: Who can mend it: the user, the developer or TikTok.
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
        self.code = code
        self.message: str = scrub(message)
        self.log_id = log_id
        self.status = status
        self.endpoint = endpoint
        self.open_id = open_id
        self.retryable: bool = rule.retryable if retryable is None else retryable
        self.fixer: Fixer = rule.fixer
        self.advice: str = rule.advice if advice is None else advice
        super().__init__(
            join_words(
                f"{endpoint or 'TikTok'} refused with {code or 'an empty code'!s} (HTTP {status})"
                + (f" for account {open_id}" if open_id else "")
                + (f": {self.message}" if self.message else "")
                + ".",
                self.advice,
                f"[log_id {log_id}]" if log_id else None,
            )
        )


class InvalidParams(ApiError):
    """A parameter of the request is wrong; TikTok's message says which."""


class AccessTokenInvalid(ApiError):
    """TikTok does not accept the access token, even after a refresh."""


class ScopeNotAuthorized(ApiError):
    """The user did not grant a scope that this call needs.

    Attributes:
        missing: The scopes that the endpoint needs and the token does not have, where they are known.
    """

    missing: frozenset[str] = frozenset()


class RateLimited(ApiError):
    """TikTok's sliding window is full.

    Attributes:
        retry_after: How long until the window has room, as far as it is known.
    """

    retry_after: timedelta | None = None


class QuotaExhausted(ApiError):
    """A daily quota is used up.

    Attributes:
        resets_at: When it is full again (UTC).
    """

    resets_at: datetime | None = None


class PostingRefused(ApiError):
    """TikTok does not let this creator or this app post now (the 403 family of the Content Posting API)."""


class ServerError(ApiError):
    """TikTok failed on its side, or sent something that is not its API's form."""


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
    """Build the error that *code* stands for.

    Args:
        code: TikTok's error code; unknown ones go by *status*.
        message: TikTok's words.
        log_id: TikTok's id of the call.
        status: The HTTP status.
        endpoint: The path that was called.
        open_id: The account the call was for.

    Returns:
        An instance of the class that `API_ERRORS` names.
    """
    rule = API_ERRORS.get(code) or rule_for_status(status)
    cls = _API_CLASSES[rule.error]
    return cls(code, message, log_id=log_id, status=status, endpoint=endpoint, open_id=open_id)


class OAuthError(TikTokError):
    """The OAuth endpoints refused.

    Args:
        error: The OAuth error, such as `invalid_client`.
        description: TikTok's words.
        log_id: TikTok's id of the call.
        open_id: The account it was for, if any.

    Attributes:
        error: The OAuth error.
        description: TikTok's words.
        log_id: TikTok's id of the call.
        open_id: The account it was for, if any.
        retryable: Whether the same call may succeed later.
        fixer: Who can mend it.
        advice: What to do about it.
    """

    def __init__(
        self, error: str, description: str = "", *, log_id: str | None = None, open_id: str | None = None
    ) -> None:
        rule = OAUTH_ERRORS.get(error, UNKNOWN_OAUTH)
        self.error = error
        self.description: str = scrub(description)
        self.log_id = log_id
        self.open_id = open_id
        self.retryable: bool = rule.retryable
        self.fixer: Fixer = rule.fixer
        self.advice: str = rule.advice
        super().__init__(
            join_words(
                f"OAuth refused with {error}"
                + (f" for account {open_id}" if open_id else "")
                + (f": {self.description.rstrip('.')}" if self.description else "")
                + ".",
                rule.advice,
                f"[log_id {log_id}]" if log_id else None,
            )
        )


class ReauthorizationRequired(OAuthError):
    """The account's grant is gone: its user must log in again. The account stays marked until they do.

    Args:
        open_id: The account.
        reason: `revoked`, `expired` or `interrupted_rotation`.
        description: TikTok's words, if any.
        log_id: TikTok's id of the call, if any.

    Attributes:
        open_id: The account.
        reason: `revoked` (the user or TikTok ended the grant), `expired` (the refresh token's life is over) or
            `interrupted_rotation` (a refresh was cut off after TikTok rotated and before the result was saved).
    """

    open_id: str  # pyright: ignore[reportIncompatibleVariableOverride]  # here it is always known

    def __init__(self, open_id: str, reason: str, *, description: str = "", log_id: str | None = None) -> None:
        super().__init__("invalid_grant", description, log_id=log_id, open_id=open_id)
        self.reason = reason
        what = {
            "revoked": "its grant was revoked",
            "expired": "its refresh token has expired",
            "interrupted_rotation": "a token rotation was cut off before the new token could be saved",
        }.get(reason, reason)
        self.args: tuple[Any, ...] = (
            join_words(
                f"Account {open_id} must log in again: {what}.",
                "Send its user through `session.oauth.authorization(...)` once more.",
                f"[log_id {log_id}]" if log_id else None,
            ),
        )


class AuthorizationDenied(OAuthError):
    """The user, or TikTok, said no on the consent page."""


class StateMismatch(OAuthError):
    """The callback's `state` is not the one the login began with: a forged or a mixed-up callback."""

    def __init__(self, description: str = "The callback's state is not the one this login began with.") -> None:
        super().__init__("state_mismatch", description)


def oauth_error(
    error: str, description: str = "", *, log_id: str | None = None, open_id: str | None = None
) -> OAuthError:
    """Build the error that the OAuth error word *error* stands for.

    Args:
        error: TikTok's word; an unknown one is a plain `OAuthError`.
        description: TikTok's words.
        log_id: TikTok's id of the call.
        open_id: The account it was for.

    Returns:
        An instance of the class that `OAUTH_ERRORS` names.
    """
    cls = AuthorizationDenied if OAUTH_ERRORS.get(error, UNKNOWN_OAUTH).error == "AuthorizationDenied" else OAuthError
    return cls(error, description, log_id=log_id, open_id=open_id)
