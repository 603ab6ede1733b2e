"""Error codes as data: the class of each, whether a repeat is worthwhile, and who can correct it."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from attrs import frozen

__all__ = ["API_ERRORS", "OAUTH_ERRORS", "UNKNOWN_OAUTH", "ErrorRule", "Fixer", "rule_for_status"]


class Fixer(StrEnum):
    """Who can correct the cause of an error."""

    USER = "user"
    DEVELOPER = "developer"
    TIKTOK = "tiktok"


@frozen(slots=True)
class ErrorRule:
    """The meaning of one error code for the caller.

    Attributes:
        error: The name of its error class.
        retryable: Whether the same call may succeed later.
        fixer: Who can correct the cause.
        advice: What to do, as a sentence.
    """

    error: str
    retryable: bool
    fixer: Fixer
    advice: str


_USER, _DEVELOPER, _TIKTOK = Fixer.USER, Fixer.DEVELOPER, Fixer.TIKTOK

_LIMITED = ErrorRule(
    "RateLimited",
    True,
    _DEVELOPER,
    "Wait for the sliding window of one minute; another client may share this token.",
)

# https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
# https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
# https://developers.tiktok.com/doc/research-api-faq
API_ERRORS: Mapping[str, ErrorRule] = {
    "access_token_invalid": ErrorRule(
        "AccessTokenInvalid",
        False,
        _USER,
        "The token was refreshed where it could be; the user has to log in again.",
    ),
    "scope_not_authorized": ErrorRule(
        "ScopeNotAuthorized",
        False,
        _USER,
        "Ask the user for the missing scope in a new login, or apply for the product in the developer portal.",
    ),
    "scope_permission_missed": ErrorRule(
        "ScopeNotAuthorized",
        False,
        _USER,
        "Ask for fewer fields, or ask the user for the scope in a new login.",
    ),
    "invalid_params": ErrorRule(
        "InvalidParams", False, _DEVELOPER, "Correct the request; TikTok's message names the problem."
    ),
    "invalid_param": ErrorRule(
        "InvalidParams", False, _DEVELOPER, "Correct the request; TikTok's message names the problem."
    ),
    "invalid_request": ErrorRule(
        "InvalidParams", False, _DEVELOPER, "Correct the request; TikTok's message names the problem."
    ),
    "invalid_file_upload": ErrorRule(
        "InvalidParams", False, _DEVELOPER, "The file breaks TikTok's media rules; convert it and post it again."
    ),
    "invalid_publish_id": ErrorRule(
        "InvalidParams",
        True,
        _DEVELOPER,
        "Check the publish_id; right after an init TikTok may not know it for a moment.",
    ),
    "token_not_authorized_for_specified_publish_id": ErrorRule(
        "InvalidParams",
        False,
        _DEVELOPER,
        "This publish_id belongs to another account; use the account that posted it.",
    ),
    "publish_not_cancellable": ErrorRule("InvalidParams", False, _DEVELOPER, "It is too late to cancel the post."),
    "app_version_check_failed": ErrorRule(
        "PostingRefused",
        False,
        _USER,
        "The user's TikTok app must be version 31.8 or newer to receive photo drafts.",
    ),
    "rate_limit_exceeded": _LIMITED,
    "daily_quota_limit_exceeded": ErrorRule(
        "QuotaExhausted", True, _DEVELOPER, "The daily quota is used up; it is full again at midnight UTC."
    ),
    "spam_risk_too_many_posts": ErrorRule(
        "PostingRefused",
        True,
        _USER,
        "This creator reached TikTok's daily cap of posts through the API; try tomorrow.",
    ),
    "spam_risk_user_banned_from_posting": ErrorRule(
        "PostingRefused",
        False,
        _USER,
        "TikTok has banned this creator from posting; only the creator can appeal.",
    ),
    "spam_risk_too_many_pending_share": ErrorRule(
        "PostingRefused",
        True,
        _USER,
        "The creator has five drafts waiting in the inbox; they must finish or drop some.",
    ),
    "reached_active_user_cap": ErrorRule(
        "PostingRefused",
        True,
        _DEVELOPER,
        "The app's daily quota of posting users is used up; ask TikTok for a higher one.",
    ),
    "unaudited_client_can_only_post_to_private_accounts": ErrorRule(
        "PostingRefused",
        False,
        _DEVELOPER,
        "The app has not passed TikTok's audit: until then the creator's account itself must be private, and the post "
        "SELF_ONLY.",
    ),
    "url_ownership_unverified": ErrorRule(
        "PostingRefused",
        False,
        _DEVELOPER,
        "Verify the domain or URL prefix in the developer portal, or upload the file.",
    ),
    "privacy_level_option_mismatch": ErrorRule(
        "PostingRefused",
        False,
        _DEVELOPER,
        "Choose one of the creator's `privacy_level_options` from creator_info.",
    ),
    "internal_error": ErrorRule("ServerError", True, _TIKTOK, "TikTok failed; try again later and keep the log_id."),
    "timeout": ErrorRule("ServerError", True, _TIKTOK, "TikTok took too long; try again later."),
    # Payments and subscriptions of mini games and mini apps, by `session.request`:
    # https://developers.tiktok.com/doc/minis-error-codes
    "50001000": ErrorRule(
        "ServerError", True, _TIKTOK, "TikTok failed; query the order before you create it again, and keep the log_id."
    ),
    "40001000": ErrorRule("InvalidParams", False, _DEVELOPER, "Correct the parameters of the order or subscription."),
    "20001003": ErrorRule("InvalidParams", False, _DEVELOPER, "The tier does not exist; check its id."),
    "20011002": ErrorRule(
        "ApiError",
        False,
        _DEVELOPER,
        "There is no such order for this app and this user; check the trade_order_id, the client_key and the account.",
    ),
    "20021001": ErrorRule(
        "ApiError", False, _DEVELOPER, "Payments are not enabled for this app; ask TikTok to enable them."
    ),
    "20021002": ErrorRule(
        "ApiError", False, _DEVELOPER, "An order with this order_id exists already; query it, or use another id."
    ),
    "20021101": ErrorRule("ApiError", False, _USER, "The user has an active subscription, and cannot have another."),
    "20021102": ErrorRule(
        "ApiError",
        False,
        _DEVELOPER,
        "The subscription was cancelled and still runs; reactivate it.",
    ),
    "20021103": ErrorRule(
        "ApiError", False, _USER, "The subscription is on hold; the user has to settle its payment in the app store."
    ),
    "20021108": ErrorRule(
        "ApiError", True, _DEVELOPER, "An earlier change of the subscription is not finished; try again in an hour."
    ),
    "20021111": ErrorRule(
        "ApiError", True, _DEVELOPER, "The subscription renews within 24 hours; change it after that."
    ),
}

_SERVER = ErrorRule("ServerError", True, _TIKTOK, "TikTok failed; try again later and keep the log_id.")
_REFUSED = ErrorRule("ApiError", False, _DEVELOPER, "This library does not know the code; see TikTok's message.")


def rule_for_status(status: int) -> ErrorRule:
    """Return the rule for an error whose code is unknown or empty, by its HTTP status."""
    by_status = {
        400: API_ERRORS["invalid_params"],
        401: API_ERRORS["access_token_invalid"],
        429: _LIMITED,
    }
    if status in by_status:
        return by_status[status]
    if status == HTTPStatus.FORBIDDEN:  # the posting family is the 403 family
        return ErrorRule(
            "PostingRefused", False, _DEVELOPER, "TikTok refused this creator or this app; see its message."
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _SERVER
    return _REFUSED


# https://developers.tiktok.com/doc/oauth-error-handling
OAUTH_ERRORS: Mapping[str, ErrorRule] = {
    "access_denied": ErrorRule("AuthorizationDenied", False, _USER, "Start the login again if the user wants to."),
    "invalid_client": ErrorRule(
        "OAuthError", False, _DEVELOPER, "Check client_key and client_secret; a sandbox has its own pair."
    ),
    "invalid_grant": ErrorRule(
        "OAuthError",
        False,
        _USER,
        "The code or refresh token is invalid, expired or used; the user has to log in again.",
    ),
    "invalid_request": ErrorRule(
        "OAuthError",
        False,
        _DEVELOPER,
        "Correct the request: redirect URI and verifier must be those of the login's start.",
    ),
    "invalid_scope": ErrorRule(
        "OAuthError", False, _DEVELOPER, "Enable every requested scope for the app in the developer portal."
    ),
    "unauthorized_client": ErrorRule(
        "OAuthError",
        False,
        _DEVELOPER,
        "The app may not use this grant; check its products in the developer portal.",
    ),
    "unsupported_grant_type": ErrorRule("OAuthError", False, _DEVELOPER, "TikTok does not know the grant type."),
    "unsupported_response_type": ErrorRule("OAuthError", False, _DEVELOPER, "The response type must be `code`."),
    "server_error": ErrorRule("OAuthError", True, _TIKTOK, "TikTok failed; try again later."),
    "temporarily_unavailable": ErrorRule("OAuthError", True, _TIKTOK, "TikTok is busy; try again later."),
    "state_mismatch": ErrorRule(
        "StateMismatch",
        False,
        _USER,
        "Start the login again; if it happens often, check where the state is kept.",
    ),
}
UNKNOWN_OAUTH = ErrorRule("OAuthError", False, _DEVELOPER, "This library does not know the OAuth error.")
