"""Tokens: whose they are, how long they live, and what is known of their last rotation.

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

    It has no useful `repr`, `str` or `format`, refuses JSON and pickle, and is equal to another `Secret`
    of the same value by a comparison in constant time. `reveal()` is the only way in.

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
        # A `None` that became the string "None" is how tokens are lost elsewhere; nothing is converted here.
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            msg = f"a Secret holds a str, not {type(value).__name__}"
            raise TypeError(msg)
        if not value:
            msg = "a Secret must not be empty"
            raise ValueError(msg)
        self.__value = value

    def reveal(self) -> str:
        """Return the secret in clear; keep the result out of logs and messages."""
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
        # A pickled exception or job payload is how a token reaches a queue, a cache or a crash report.
        msg = "a Secret does not pickle; store a Token in a TokenStore, or reveal() it on purpose"
        raise TypeError(msg)


def aware(instance: object, attribute: "Attribute[Any]", value: datetime | None) -> None:
    """Refuse a naive datetime: which zone it meant cannot be known (an attrs validator).

    Raises:
        ValueError: *value* has no time zone.
    """
    if value is not None and value.utcoffset() is None:
        msg = f"{type(instance).__name__}.{attribute.name} must be timezone-aware, such as datetime.now(UTC)"
        raise ValueError(msg)


def _scopes(names: Iterable[str]) -> frozenset[str]:
    # A function of its own, since mypy does not solve the type variable of a bare `frozenset` converter.
    return frozenset(names)


@frozen(slots=True, order=True)
class AccountKey(JsonModel):
    """Whose token it is: one user of one app.

    Several apps, and a sandbox beside its production app, share one store and never see each other's accounts.

    Args:
        client_key: The app.
        open_id: The user; TikTok gives each app its own id for the same person.
    """

    client_key: str
    open_id: str


class TokenState(StrEnum):
    """Whether a stored token is of use."""

    ACTIVE = "active"
    REAUTHORIZATION_REQUIRED = "reauthorization_required"
    """The grant is gone; only a new login brings it back."""


def fingerprint(secret: Secret) -> str:
    """Return a short one-way mark of *secret*, by which two of them can be told apart without being shown."""
    return hashlib.sha256(b"tiktok-async:" + secret.reveal().encode()).hexdigest()[:16]


@frozen(slots=True, kw_only=True)
class RefreshAttempt(JsonModel):
    """The journal of a rotation: written before TikTok is asked, gone once the result is stored.

    One that is found later tells that the outcome of a refresh is unknown.

    Attributes:
        fingerprint: The mark of the refresh token that was about to be used.
        at: When.
        replayed: Whether the one careful second use of that token has been made.
        owner: The owner of the lease it was made under, which tells it from one that another process made at that time.
    """

    fingerprint: str
    at: datetime = field(validator=aware)
    replayed: bool = False
    owner: str = ""


@frozen(slots=True, kw_only=True)
class Token(JsonModel):
    """One account's token, as a store keeps it.

    Attributes:
        key: Whose it is.
        access_token: Sent with every call.
        refresh_token: Used once, to get the next pair.
        scopes: What the user granted, in TikTok's words.
        expires_at: When the access token ends (UTC).
        refresh_expires_at: When the refresh token ends (UTC).
        version: Rises by one with every save; 0 before the first one.
        state: Whether it is of use.
        updated_at: When TikTok gave it (UTC).
        attempt: The open journal entry of a rotation, if one is under way or was cut off.
        reason: Why a new login is needed, where *state* says so.
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
    """The app's own token, for the Research API; it has no refresh token and is minted anew.

    Attributes:
        access_token: Sent with every call.
        expires_at: When it ends (UTC).
    """

    access_token: Secret
    expires_at: datetime = field(validator=aware)
