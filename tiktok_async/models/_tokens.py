"""Tokens: their account, their lifetimes, and the state of their last rotation.

Source: https://developers.tiktok.com/doc/oauth-user-access-token-management
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn, final

from attrs import Attribute, field, frozen

from tiktok_async.models._json import JsonModel, private


@final
class Secret:
    """A secret string: a token, a client secret, an authorization code.

    Its `repr`, `str` and `format` do not show it, and it refuses JSON and pickle. Two with the same value are equal, by
    a comparison in constant time. Only `reveal()` returns the value.

    Args:
        value: The secret itself; must not be empty.

    Raises:
        TypeError: *value* is not a `str`.
        ValueError: *value* is empty.

    Example:
        >>> token = Secret("act.example")
        >>> print(token)
        Secret('***')
        >>> token.reveal()
        'act.example'
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        # Nothing is converted: a `None` must not become the string "None".
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            msg = f"a Secret holds a str, not {type(value).__name__}"
            raise TypeError(msg)
        if not value:
            msg = "a Secret must not be empty"
            raise ValueError(msg)
        self.__value = value

    def reveal(self) -> str:
        """Return the secret in plain text; keep it out of logs and messages."""
        return self.__value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, others = (value.encode("utf-8", "surrogatepass") for value in (self.__value, other.__value))
        return hmac.compare_digest(mine, others)

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __repr__(self) -> str:
        return "Secret('***')"

    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        # A pickled exception or job would bring a token into a queue, a cache or a crash report.
        msg = "a Secret does not pickle; store a Token in a TokenStore, or reveal() it on purpose"
        raise TypeError(msg)


def aware(instance: object, attribute: "Attribute[Any]", value: datetime | None) -> None:
    """Refuse a naive datetime, whose time zone is unknown (an attrs validator).

    Raises:
        ValueError: *value* has no time zone.
    """
    if value is not None and value.utcoffset() is None:
        msg = f"{type(instance).__name__}.{attribute.name} must be timezone-aware, such as datetime.now(UTC)"
        raise ValueError(msg)


def _scopes(names: Iterable[str]) -> frozenset[str]:
    # A function, since mypy cannot infer the type variable of `frozenset` as a converter.
    return frozenset(names)


@frozen(slots=True, order=True)
class AccountKey(JsonModel):
    """The key of a token: one user of one app.

    Several apps, such as a production app and its sandbox, can share one store without access to each other's accounts.

    Args:
        client_key: The app.
        open_id: The user; TikTok gives each app its own id for the same person.
    """

    client_key: str
    open_id: str


class TokenState(StrEnum):
    """Whether a stored token can be used."""

    ACTIVE = "active"
    REAUTHORIZATION_REQUIRED = "reauthorization_required"
    """The grant has ended; the user must log in again."""


def fingerprint(secret: Secret) -> str:
    """Return a short one-way digest of *secret*, to compare two secrets without showing them."""
    return hashlib.sha256(b"tiktok-async:" + secret.reveal().encode()).hexdigest()[:16]


@frozen(slots=True, kw_only=True)
class RefreshAttempt(JsonModel):
    """The record of a running rotation: stored before TikTok is asked, removed when the result is stored.

    One that is found later means that the outcome of a refresh is unknown.

    Attributes:
        fingerprint: The digest of the refresh token that was about to be used.
        at: The time.
        replayed: Whether the one allowed repeat of that token was made.
        owner: The owner of its lease, which differs for an attempt of another process at the same time.
    """

    fingerprint: str
    at: datetime = field(validator=aware)
    replayed: bool = False
    owner: str = ""


@frozen(slots=True, kw_only=True)
class Token(JsonModel):
    """One account's token in the form for a store.

    Attributes:
        key: Its account.
        access_token: Sent with every call.
        refresh_token: Used once, to get the next pair.
        scopes: The granted scopes, by TikTok's names.
        expires_at: When the access token ends (UTC).
        refresh_expires_at: When the refresh token ends (UTC).
        version: Rises by one with every save; 0 before the first one.
        state: Whether it can be used.
        updated_at: The time at which TikTok gave it (UTC).
        attempt: The attempt of a rotation that is running or was interrupted.
        reason: The reason for a new login, if *state* requires one.
    """

    key: AccountKey
    access_token: Secret
    refresh_token: Secret
    scopes: frozenset[str] = field(converter=_scopes)
    expires_at: datetime = field(validator=aware)
    refresh_expires_at: datetime = field(validator=aware)
    version: int = 0
    state: TokenState = field(default=TokenState.ACTIVE, converter=TokenState)
    updated_at: datetime = field(validator=aware)
    attempt: RefreshAttempt | None = field(default=None, metadata=private())
    reason: str | None = None


@frozen(slots=True, kw_only=True)
class ClientToken(JsonModel):
    """The app's own token, for the Research API; it has no refresh token; a new one is minted instead.

    Attributes:
        access_token: Sent with every call.
        expires_at: When it ends (UTC).
    """

    access_token: Secret
    expires_at: datetime = field(validator=aware)
