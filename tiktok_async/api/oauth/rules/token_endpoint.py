"""The forms for the token endpoint, and reading tokens from its replies.

Sources:
    https://developers.tiktok.com/doc/oauth-user-access-token-management
    https://developers.tiktok.com/doc/client-access-token-management
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from attrs import evolve

from tiktok_async._decoding.readers import DecodeError
from tiktok_async.errors import ConfigurationError, OAuthError, ServerError, unexpected_form
from tiktok_async.models import AccountKey, ClientToken, Endpoint, Scope, Secret, Token

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]+)?")
# No token lives this long; a longer time is a mistake and must not overflow a datetime.
_LONGEST_LIFE = 10 * 365 * 86_400
# The documented lifetimes, for a first answer whose lifetimes cannot be read.
# https://developers.tiktok.com/doc/oauth-user-access-token-management
_ACCESS_LIFE, _REFRESH_LIFE = timedelta(days=1), timedelta(days=365)
# What a token of v1 is still good for.
_READING = frozenset(
    map(str, (Scope.USER_INFO_BASIC, Scope.USER_INFO_PROFILE, Scope.USER_INFO_STATS, Scope.VIDEO_LIST))
)

T = TypeVar("T")


def authorization_code_form(
    client_key: str,
    client_secret: Secret,
    code: Secret,
    *,
    redirect_uri: str | None = None,
    code_verifier: Secret | None = None,
) -> dict[str, str]:
    """Return the form that exchanges a code. Mini games have neither redirect URI nor verifier."""
    form = _app(client_key, client_secret) | {"grant_type": "authorization_code", "code": code.reveal()}
    if redirect_uri is not None:
        form["redirect_uri"] = redirect_uri
    if code_verifier is not None:
        form["code_verifier"] = code_verifier.reveal()
    return form


def refresh_form(client_key: str, client_secret: Secret, refresh_token: Secret) -> dict[str, str]:
    """Return the form that rotates a token."""
    return _app(client_key, client_secret) | {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token.reveal(),
    }


def client_credentials_form(client_key: str, client_secret: Secret) -> dict[str, str]:
    """Return the form that mints the app's own token."""
    return _app(client_key, client_secret) | {"grant_type": "client_credentials"}


def revoke_form(client_key: str, client_secret: Secret, access_token: Secret) -> dict[str, str]:
    """Return the form that ends a grant."""
    return _app(client_key, client_secret) | {"token": access_token.reveal()}


def _app(client_key: str, client_secret: Secret) -> dict[str, str]:
    return {"client_key": client_key, "client_secret": client_secret.reveal()}


def _ignore(name: str) -> None:
    del name


def parse_token(
    data: Mapping[str, Any],
    *,
    client_key: str,
    now: datetime,
    previous: Token | None = None,
    on_unreadable: Callable[[str], None] = _ignore,
) -> Token:
    """Return the user token of a reply to an exchange or a refresh, with version 0.

    Only the tokens are required, and at a login the open_id. No problem with another field may lose a pair that TikTok
    has given: a field that cannot be read keeps its earlier value, or gets the one that TikTok documents.

    Args:
        data: The reply.
        client_key: The app.
        now: The time of the reply (aware); lifetimes count from here.
        previous: The token that was refreshed. If the reply has no refresh token, its own is kept.
        on_unreadable: Called with the name of each field that cannot be read.

    Raises:
        ServerError: A token is missing or has the wrong type, or the reply is for another account.

    Source: https://developers.tiktok.com/doc/oauth-user-access-token-management
    """
    try:
        return _token(data, client_key=client_key, now=now, previous=previous, on_unreadable=on_unreadable)
    except DecodeError as error:
        raise _unexpected(error, open_id=None if previous is None else previous.key.open_id) from None


def _token(
    data: Mapping[str, Any],
    *,
    client_key: str,
    now: datetime,
    previous: Token | None,
    on_unreadable: Callable[[str], None],
) -> Token:
    key = _key(data, client_key, previous, on_unreadable)
    access_token = _secret(data, "access_token")
    lifetime = _readable(data, "expires_in", _seconds, on_unreadable)
    refresh_lifetime = _readable(data, "refresh_expires_in", _seconds, on_unreadable)
    if previous is None:
        refresh_token = _secret(data, "refresh_token")
        known_life, known_end, known_scopes = _ACCESS_LIFE, now + _REFRESH_LIFE, frozenset[str]()
    else:
        refresh_token = _readable(data, "refresh_token", _secret, on_unreadable) or previous.refresh_token
        known_life, known_end = previous.expires_at - previous.updated_at, previous.refresh_expires_at
        known_scopes = previous.scopes
    return Token(
        key=key,
        access_token=access_token,
        refresh_token=refresh_token,
        scopes=_readable(data, "scope", _scopes, on_unreadable) or known_scopes,
        expires_at=now + (known_life if lifetime is None else lifetime),
        refresh_expires_at=known_end if refresh_lifetime is None else now + refresh_lifetime,
        updated_at=now,
    )


def _key(
    data: Mapping[str, Any], client_key: str, previous: Token | None, on_unreadable: Callable[[str], None]
) -> AccountKey:
    open_id = data.get("open_id")
    if type(open_id) is str and open_id:
        if previous is None or open_id == previous.key.open_id:
            return AccountKey(client_key, open_id)
    elif previous is not None:
        if open_id not in (None, ""):
            on_unreadable("open_id")
        return previous.key
    raise DecodeError("$.open_id", "the open_id of the account the call was for")


def _readable(
    data: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any], str], T], on_unreadable: Callable[[str], None]
) -> T | None:
    """Return the field read by *read*; `None` after a call of *on_unreadable* if it cannot be read."""
    if data.get(key) in (None, ""):
        return None
    try:
        return read(data, key)
    except DecodeError:
        on_unreadable(key)
        return None


def parse_client_token(data: Mapping[str, Any], *, now: datetime) -> ClientToken:
    """Return the app's own token of a reply.

    Args:
        data: The reply.
        now: The time of the reply (aware); its lifetime counts from here.

    Raises:
        ServerError: A required field is missing or has the wrong type.
    """
    try:
        lifetime = _needed(_seconds(data, "expires_in"), "expires_in")
        return ClientToken(access_token=_secret(data, "access_token"), expires_at=now + lifetime)
    except DecodeError as error:
        raise _unexpected(error, open_id=None) from None


def _unexpected(error: DecodeError, *, open_id: str | None) -> ServerError:
    # Not worth a repeat: TikTok would refuse a used refresh token.
    return unexpected_form(
        f"the answer is not of the documented form: {error}", endpoint=Endpoint.TOKEN.path, open_id=open_id
    )


def parse_v1_token(payload: Mapping[str, Any], *, client_key: str, now: datetime) -> Token:
    """Return the token in a reply in v1's form: `{"data": {...}, "message": "success"}`.

    Only its scopes for reading are kept. TikTok does not want tokens of v1 and of v2 mixed, so whatever changes
    something waits for a login.

    Lifetimes count from *now*, since v1 replies do not hold their time. A token imported later is refreshed too late by
    the difference; the refresh after its first 401 corrects that.

    Args:
        payload: The reply.
        client_key: The app.
        now: The time of the reply, as far as it is known (aware).

    Raises:
        OAuthError: The payload is one of v1's errors.
        ConfigurationError: It is not a v1 reply, or lacks a part of the token.

    Sources: https://developers.tiktok.com/doc/legacy-user-access-guide
    and https://developers.tiktok.com/bulletin/migration-guidance-oauth-v1
    """
    found: Any = payload.get("data")
    if type(found) is not dict:
        raise ConfigurationError('This is not a v1 token reply: it has no "data" object. Pass the whole decoded reply.')
    data = cast("dict[str, Any]", found)
    code, message, log_id = data.get("error_code"), payload.get("message"), data.get("log_id")
    if code or message not in (None, "success"):
        description = data.get("description")
        raise OAuthError(
            f"v1 error {code if type(code) is int else 'without a code'}",
            description if type(description) is str else "",
            log_id=log_id if type(log_id) is str else None,
        )
    try:
        token = _token(data, client_key=client_key, now=now, previous=None, on_unreadable=_ignore)
    except DecodeError as error:
        raise ConfigurationError(f"This is not a v1 token reply: in its data, {error}. Pass the whole reply.") from None
    return evolve(token, scopes=token.scopes & _READING)


def scopes_of(scope: Any) -> frozenset[str]:  # noqa: ANN401 - any JSON value
    """Return the scopes in TikTok's comma-separated list; spaces separate them too."""
    if scope is None:
        return frozenset()
    if type(scope) is not str:
        raise DecodeError("$.scope", "a comma-separated string")
    return frozenset(scope.replace(",", " ").split())


def _scopes(data: Mapping[str, Any], key: str) -> frozenset[str]:
    return scopes_of(data.get(key))


def _secret(data: Mapping[str, Any], key: str) -> Secret:
    value = data.get(key)
    if type(value) is not str or not value:
        raise DecodeError(f"$.{key}", "a string that is not empty")
    return Secret(value)


def _seconds(data: Mapping[str, Any], key: str) -> timedelta | None:
    """Return a lifetime; TikTok has sent such numbers as strings."""
    value = data.get(key)
    if value is None or value == "":
        return None
    if type(value) is str and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if (type(value) is not int and type(value) is not float) or value != value:  # noqa: PLR0124 - NaN
        raise DecodeError(f"$.{key}", "a number of seconds")
    return timedelta(seconds=max(0, min(value, _LONGEST_LIFE)))


def _needed(lifetime: timedelta | None, key: str) -> timedelta:
    if lifetime is None:
        raise DecodeError(f"$.{key}", "a number of seconds")
    return lifetime
