"""The record of a token in Redis: writing and reading it.

A record is `VERSION REQUEST DUE BODY`: its version, the id of the request that stored it, its place in the index
(`-` for none) and the token. A digest of the account follows the request's id, so that the record is not
used for another account if replies are mixed up.
"""

from datetime import datetime, timedelta

from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token, TokenState
from tiktok_async_stores.codec.records import check_mark, mark_of
from tiktok_async_stores.codec.tokens import decode_token, encode_token, to_microseconds

Put = tuple[Token, int | None]
"""A token and the expected version."""

# Makes any datetime a positive number, so that fixed-width hexadecimal numbers sort like the times.
_OFFSET = 2**62
_LEAST_LIFE = 60_000  # milliseconds: a stored token never disappears at once, whatever its end is


def due(when: datetime) -> bytes:
    """Return *when* in the form for the index."""
    return b"%016x" % (to_microseconds(when) + _OFFSET)


def written(token: Token, request: str) -> tuple[int, bytes]:
    """Return the lifetime of the record of *token* (milliseconds), and the record without its version.

    That is the whole life of its refresh token, counted from now: the time of its end comes from a machine whose clock
    may have been wrong, which would then end a good record at once.
    """
    place = due(token.expires_at) if token.state is TokenState.ACTIVE else b"-"
    return (
        max(_LEAST_LIFE, (token.refresh_expires_at - token.updated_at) // timedelta(milliseconds=1)),
        b"%s %s %s" % (signed(request, token.key).encode(), place, encode_token(token)),
    )


def answered(put: Put, answer: int) -> int | TokenConflict:
    """Return the stored version, or the conflict."""
    if answer > 0:
        return answer
    token, expected = put
    actual = -1 - answer
    return TokenConflict(token.key.open_id, expected_version=expected or None, actual_version=actual or None)


def read(key: AccountKey, record: bytes | str | None) -> Token | None:
    """Return the token of a record.

    Raises:
        StoreError: It is damaged, or belongs to another account.
    """
    if record is None:
        return None
    version, request, _, body = plain(record).split(b" ", 3)
    check_signed(request, key)
    return decode_token(body, key=key, version=int(version))


def signed(request: str, key: AccountKey) -> str:
    """Return the id of a request, followed by a digest of *key*."""
    return f"{request}.{mark_of(key).hex()}"


def check_signed(request: bytes, key: AccountKey) -> None:
    """Refuse a record that was stored for another account; one of an older release has no digest.

    Raises:
        StoreError: The digest is that of another account.
    """
    _, dot, found = request.partition(b".")
    if dot:
        check_mark(_from_hex(found), key)


def _from_hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        return b""


def plain(value: bytes | str) -> bytes:
    """Return Redis's answer as bytes; a caller's client may have decoded it."""
    return value.encode() if isinstance(value, str) else value
