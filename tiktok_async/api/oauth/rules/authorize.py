"""The beginning and the callback of a login: the consent page's address, PKCE, and the returned code.

Sources:
    https://developers.tiktok.com/doc/login-kit-web
    https://developers.tiktok.com/doc/login-kit-desktop
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

from tiktok_async.api.oauth.rules.redirect import check_redirect_uri, is_loopback
from tiktok_async.api.oauth.rules.token_endpoint import (
    authorization_code_form,
    client_credentials_form,
    parse_client_token,
    parse_token,
    parse_v1_token,
    refresh_form,
    revoke_form,
)
from tiktok_async.errors import AuthorizationDenied, ConfigurationError, OAuthError, StateMismatch
from tiktok_async.models import Secret
from tiktok_async.models._oauth import AuthorizationRequest

__all__ = [
    "authorization_code_form",
    "build_authorize_url",
    "challenge_of",
    "check_redirect_uri",
    "check_scopes",
    "client_credentials_form",
    "new_authorization",
    "parse_callback",
    "parse_client_token",
    "parse_token",
    "parse_v1_token",
    "refresh_form",
    "revoke_form",
    "verifier_from",
]

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_SCOPE = re.compile(r"[A-Za-z0-9_.]+")


def new_authorization(
    authorize_url: str,
    *,
    client_key: str,
    redirect_uri: str,
    scopes: Iterable[str],
    state: str,
    verifier_bytes: bytes,
    pkce: bool | None = None,
    disable_auto_auth: bool | None = None,
) -> AuthorizationRequest:
    """Return a login's address and the values with which its callback is compared.

    Args:
        authorize_url: TikTok's consent page.
        client_key: The app; its secret must not be in the address.
        redirect_uri: The address to which TikTok sends the user.
        scopes: The scopes to request.
        state: Returned with the callback; it must be hard to guess.
        verifier_bytes: 32 to 96 fresh random bytes from `secrets`, for the code verifier.
        pkce: Whether to use PKCE; `None` uses it where TikTok requires it, for localhost and 127.0.0.1.
        disable_auto_auth: `True` always shows the consent page, `False` lets TikTok skip it; `None` leaves it out.

    Raises:
        ConfigurationError: The redirect URI, the scopes or the state cannot work.
    """
    check_redirect_uri(redirect_uri)
    asked = check_scopes(scopes)
    if not state:
        raise ConfigurationError("`state` is empty. Leave it out for a random one, or give one that is hard to guess.")
    with_pkce = is_loopback(redirect_uri) if pkce is None else pkce
    verifier = Secret(verifier_from(verifier_bytes)) if with_pkce else None
    url = build_authorize_url(
        authorize_url,
        client_key=client_key,
        redirect_uri=redirect_uri,
        scopes=asked,
        state=state,
        challenge=None if verifier is None else challenge_of(verifier.reveal()),
        disable_auto_auth=disable_auto_auth,
    )
    return AuthorizationRequest(
        url=url,
        state=state,
        code_verifier=verifier,
        redirect_uri=redirect_uri,
        scopes=asked,
        client_key=client_key,
    )


def build_authorize_url(
    authorize_url: str,
    *,
    client_key: str,
    redirect_uri: str,
    scopes: Iterable[str],
    state: str,
    challenge: str | None = None,
    disable_auto_auth: bool | None = None,
) -> str:
    """Return the address of TikTok's consent page. Histories and logs keep it, so it must not hold a secret."""
    query = {
        "client_key": client_key,
        "response_type": "code",
        "scope": ",".join(scopes),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if disable_auto_auth is not None:
        query["disable_auto_auth"] = "1" if disable_auto_auth else "0"
    if challenge is not None:
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    return f"{authorize_url}{'&' if '?' in authorize_url else '?'}{urlencode(query)}"


def check_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return *scopes* without duplicates, in their order.

    Raises:
        ConfigurationError: There is none, or one is invalid; TikTok would refuse the whole login.
    """
    if isinstance(scopes, str):
        raise ConfigurationError(
            "`scopes` is one string. Give a list, such as [Scope.USER_INFO_BASIC, Scope.VIDEO_LIST]."
        )
    asked = tuple(dict.fromkeys(str(scope) for scope in scopes))
    problems = [f"{scope[:60]!r} is not the name of a scope" for scope in asked if not _SCOPE.fullmatch(scope)]
    if not asked:
        problems.append("there is none; ask at least for user.info.basic")
    if problems:
        raise ConfigurationError("These scopes cannot be asked for: " + "; ".join(problems) + ".", problems=problems)
    return asked


def challenge_of(verifier: str) -> str:
    """Return the PKCE challenge of *verifier*: lowercase hex, where RFC 7636 has base64url.

    Raises:
        ConfigurationError: *verifier* is not 43 to 128 letters, digits, `-`, `.`, `_` or `~`.

    Source: https://developers.tiktok.com/doc/login-kit-desktop
    """
    if not _VERIFIER.fullmatch(verifier):
        raise ConfigurationError(
            "A code verifier must have 43 to 128 characters, each a letter, a digit or one of - . _ ~."
        )
    return hashlib.sha256(verifier.encode()).hexdigest()


def verifier_from(entropy: bytes) -> str:
    """Return a code verifier made of 32 to 96 random bytes.

    Raises:
        ValueError: There are fewer or more.
    """
    if not 32 <= len(entropy) <= 96:  # noqa: PLR2004 - they make 43 and 128 characters
        msg = "a code verifier is made of 32 to 96 random bytes"
        raise ValueError(msg)
    return urlsafe_b64encode(entropy).rstrip(b"=").decode()


def parse_callback(request: AuthorizationRequest, callback: str | Mapping[str, str]) -> Secret:
    """Return the code in the callback of *request*.

    Args:
        request: The login.
        callback: The URL to which TikTok sent the user, or its query, still percent-encoded; or the parameters as a
            web framework has decoded them.

    Raises:
        StateMismatch: The callback is not for this login: it is forged, or for another one.
        AuthorizationDenied: The user or TikTok refused.
        OAuthError: It is for this login, but holds no code.

    Source: https://developers.tiktok.com/doc/login-kit-web
    """
    # Decoded exactly once: a code ends with characters such as `*` and `!`. TikTok reports one that is cut or decoded
    # twice as expired.
    pairs = list(callback.items()) if isinstance(callback, Mapping) else parse_qsl(_query_of(callback))
    found = dict(pairs)
    if not same_text(found.get("state", ""), request.state):
        raise StateMismatch
    if len(found) != len(pairs):
        raise OAuthError("invalid_request", "The callback holds a parameter twice; begin the login again")
    if found.get("error"):
        raise AuthorizationDenied(found["error"][:100], _refusal_reason(found))
    if not found.get("code"):
        raise OAuthError("invalid_request", "The callback holds neither a code nor an error; begin the login again")
    return Secret(found["code"])


def same_text(one: str, other: str) -> bool:
    """Compare two texts in constant time; a visitor's text may hold characters that cannot be encoded."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def _query_of(callback: str) -> str:
    text = callback.partition("#")[0]
    before, _, after = text.partition("?")
    # A path may hold a "=", and a query without a path may hold a "?" or a whole URL as a value.
    is_address = before.startswith("/") or "=" not in before or "://" in before.partition("=")[0]
    return after if is_address else text


def _refusal_reason(found: Mapping[str, str]) -> str:
    words = found.get("error_description", "")[:500]
    kind = found.get("error_type", "")[:100]
    if kind == "non_sandbox_target":
        hint = "this account is not a target user of the sandbox: add it in the developer portal"
        return f"{words.rstrip('.')} ({kind}: {hint})".strip()
    return f"{words.rstrip('.')} ({kind})".strip() if kind else words
