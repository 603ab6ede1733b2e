"""Tokens as bytes: a short JSON list whose first entry is the format's version.

The account's key and the token's `version` are not included: every store keeps those separately, where it can search
and compare them.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, NoReturn, cast

import orjson
from attrs import fields

from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, RefreshAttempt, Secret, Token, TokenState

FORMAT = 1
"""The present format; older ones stay readable."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


# Every token that is read or stored is made here, from checked values: its own checks would take longer than the rest
# of the work.
_NEW = object.__new__
_SET = [getattr(Token, one.name).__set__ for one in fields(Token)]
_FIELDS = attrgetter(*(one.name for one in fields(Token)))
_VERSION = [one.name for one in fields(Token)].index("version")


def _made(*values: object) -> Token:
    """Return a token with all its fields' values, in their order."""
    token = _NEW(Token)
    for place, value in zip(_SET, values):  # noqa: B905 - the check would take as long as three fields
        place(token, value)
    return token


def with_version(token: Token, version: int) -> Token:
    """Return *token* with another version."""
    made = _made(*_FIELDS(token))
    _SET[_VERSION](made, version)
    return made


def to_microseconds(when: datetime) -> int:
    """Return *when* as microseconds since 1970, exactly, unlike a float.

    Raises:
        ValueError: *when* is naive.
    """
    if when.utcoffset() is None:
        msg = "a time for a token store must be timezone-aware, such as datetime.now(UTC)"
        raise ValueError(msg)
    return (when - _EPOCH) // _MICROSECOND


def encode_token(token: Token) -> bytes:
    """Return *token* as bytes, without its key and version."""
    record: list[Any] = [
        FORMAT,
        token.access_token.reveal(),
        token.refresh_token.reveal(),
        sorted(token.scopes),
        to_microseconds(token.updated_at),
        # Lifetimes, as from TikTok, are shorter than two more dates.
        (token.expires_at - token.updated_at) // _MICROSECOND,
        (token.refresh_expires_at - token.updated_at) // _MICROSECOND,
    ]
    # These are rare, and a usual record does not hold them.
    rare: dict[str, Any] = {}
    if token.state is not TokenState.ACTIVE:
        rare["state"] = token.state.value
    if token.reason is not None:
        rare["reason"] = token.reason
    if token.attempt is not None:
        attempt = token.attempt
        rare["attempt"] = [attempt.fingerprint, to_microseconds(attempt.at), attempt.replayed, attempt.owner]
    if rare:
        record.append(rare)
    return orjson.dumps(record)


def decode_token(body: bytes, *, key: AccountKey, version: int) -> Token:
    """Return the token that `encode_token` encoded as *body*.

    Args:
        body: The bytes.
        key: Its account.
        version: Its version.

    Raises:
        StoreError: The bytes are damaged or of a newer format; the message names the account and shows no bytes.
    """
    try:
        return _token(orjson.loads(body), key, version)
    except (ValueError, TypeError, OverflowError):
        # Not chained: the cause may quote a part of the record.
        raise StoreError(
            f"The stored token of account {key.open_id} cannot be read: it is damaged or was written by a newer "
            "version of this library. Restore it from a backup, or let the user log in again."
        ) from None


def _token(record: list[Any], key: AccountKey, version: int) -> Token:
    # Any other than a list of the right length fails here.
    form, access, refresh, scopes, updated, lifetime, refresh_lifetime, *rest = record
    # Not isinstance, since a bool is an int, too.
    if not (type(form) is type(updated) is type(lifetime) is type(refresh_lifetime) is int) or form != FORMAT:
        _refuse()
    if type(scopes) is not list:
        _refuse()
    updated_at = _EPOCH + timedelta(0, 0, updated)
    state, attempt, reason = _rare(*rest) if rest else (TokenState.ACTIVE, None, None)
    return _made(
        key,
        Secret(access),
        Secret(refresh),
        _scopes(*cast("list[str]", scopes)),
        updated_at + _lifetime(lifetime),
        updated_at + _lifetime(refresh_lifetime),
        version,
        state,
        updated_at,
        attempt,
        reason,
    )


# TikTok gives few different lifetimes, and the accounts of one app have few different sets of scopes.
@lru_cache(maxsize=256)
def _lifetime(microseconds: int) -> timedelta:
    return timedelta(0, 0, microseconds)


@lru_cache(maxsize=256)
def _scopes(*names: str) -> frozenset[str]:
    if not all(isinstance(name, str) for name in names):  # pyright: ignore[reportUnnecessaryIsInstance] - from outside
        _refuse()
    return frozenset(names)


def _rare(rare: dict[str, Any]) -> tuple[TokenState, RefreshAttempt | None, str | None]:
    if type(rare) is not dict:
        _refuse()
    reason, attempt = rare.get("reason"), None
    if "reason" in rare and not isinstance(reason, str):
        _refuse()
    if "attempt" in rare:
        fingerprint, at, replayed, owner = rare["attempt"]
        if not isinstance(fingerprint, str) or type(at) is not int or not isinstance(replayed, bool):
            _refuse()
        if not isinstance(owner, str):
            _refuse()
        moment = _EPOCH + timedelta(microseconds=at)
        attempt = RefreshAttempt(fingerprint=fingerprint, at=moment, replayed=replayed, owner=owner)
    return TokenState(rare.get("state", TokenState.ACTIVE)), attempt, reason


def _refuse() -> NoReturn:
    msg = "not a token"
    raise ValueError(msg)
