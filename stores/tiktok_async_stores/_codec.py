"""Tokens as bytes: a short JSON list whose first entry is the format's version.

The account's key and the token's `version` are not inside: every store keeps those beside the bytes, where it can
search and compare them.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NoReturn, cast

import orjson

from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, RefreshAttempt, Secret, Token, TokenState

FORMAT = 1
"""The format written; older ones stay readable."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def with_version(token: Token, version: int) -> Token:
    """Return *token* with another version; `attrs.evolve` takes twice as long, and every put pays for it."""
    return Token(
        key=token.key,
        access_token=token.access_token,
        refresh_token=token.refresh_token,
        scopes=token.scopes,
        expires_at=token.expires_at,
        refresh_expires_at=token.refresh_expires_at,
        version=version,
        state=token.state,
        updated_at=token.updated_at,
        attempt=token.attempt,
        reason=token.reason,
    )


def to_microseconds(when: datetime) -> int:
    """Return *when* as microseconds since 1970, which no float would hold exactly.

    Raises:
        ValueError: *when* is naive.
    """
    if when.utcoffset() is None:
        msg = "a time for a token store must be timezone-aware, such as datetime.now(UTC)"
        raise ValueError(msg)
    return (when - _EPOCH) // _MICROSECOND


def encode_token(token: Token) -> bytes:
    """Return *token* as bytes, without its key and version."""
    updated = to_microseconds(token.updated_at)
    fields: list[Any] = [
        FORMAT,
        token.access_token.reveal(),
        token.refresh_token.reveal(),
        sorted(token.scopes),
        updated,
        # Lifetimes, as TikTok gives them: shorter than two more dates.
        to_microseconds(token.expires_at) - updated,
        to_microseconds(token.refresh_expires_at) - updated,
    ]
    # Rare, so they cost a healthy record nothing.
    rare: dict[str, Any] = {}
    if token.state is not TokenState.ACTIVE:
        rare["state"] = token.state.value
    if token.reason is not None:
        rare["reason"] = token.reason
    if token.attempt is not None:
        attempt = token.attempt
        rare["attempt"] = [attempt.fingerprint, to_microseconds(attempt.at), attempt.replayed, attempt.owner]
    if rare:
        fields.append(rare)
    return orjson.dumps(fields)


def decode_token(body: bytes, *, key: AccountKey, version: int) -> Token:
    """Return the token that `encode_token` made *body* of.

    Args:
        body: The bytes.
        key: Whose token it is.
        version: Its version.

    Raises:
        StoreError: The bytes are damaged or of a newer format; the message names the account and shows none of them.
    """
    try:
        return _token(orjson.loads(body), key, version)
    except (ValueError, TypeError, OverflowError):
        # Not chained: the cause may quote what it could not read.
        raise StoreError(
            f"The stored token of account {key.open_id} cannot be read: it is damaged or was written by a newer "
            "version of this library. Restore it from a backup, or let the user log in again."
        ) from None


def _token(fields: list[Any], key: AccountKey, version: int) -> Token:
    # Anything but a list of the right length fails here.
    form, access, refresh, scopes, updated, lifetime, refresh_lifetime, *rest = fields
    # A bool is an int too, so not isinstance.
    if not (type(form) is type(updated) is type(lifetime) is type(refresh_lifetime) is int) or form != FORMAT:
        _refuse()
    if type(scopes) is not list:
        _refuse()
    updated_at = _EPOCH + timedelta(microseconds=updated)
    return Token(
        key=key,
        access_token=Secret(access),
        refresh_token=Secret(refresh),
        scopes=_scopes(*cast("list[str]", scopes)),
        expires_at=updated_at + timedelta(microseconds=lifetime),
        refresh_expires_at=updated_at + timedelta(microseconds=refresh_lifetime),
        updated_at=updated_at,
        version=version,
        **(_rare(*rest) if rest else {}),
    )


# Accounts of one app have the same few sets.
@lru_cache(maxsize=256)
def _scopes(*names: str) -> frozenset[str]:
    if not all(isinstance(name, str) for name in names):  # pyright: ignore[reportUnnecessaryIsInstance] - from outside
        _refuse()
    return frozenset(names)


def _rare(fields: dict[str, Any]) -> dict[str, Any]:
    if type(fields) is not dict:
        _refuse()
    known: dict[str, Any] = {name: fields[name] for name in ("state", "reason", "attempt") if name in fields}
    if not isinstance(known.get("reason", ""), str):
        _refuse()
    if "attempt" in known:
        fingerprint, at, replayed, owner = known["attempt"]
        if not isinstance(fingerprint, str) or type(at) is not int or not isinstance(replayed, bool):
            _refuse()
        if not isinstance(owner, str):
            _refuse()
        moment = _EPOCH + timedelta(microseconds=at)
        known["attempt"] = RefreshAttempt(fingerprint=fingerprint, at=moment, replayed=replayed, owner=owner)
    return known


def _refuse() -> NoReturn:
    msg = "not a token"
    raise ValueError(msg)
