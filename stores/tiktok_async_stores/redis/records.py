"""A token as Redis keeps it: what is sent to be stored, and what comes back.

A record is `VERSION REQUEST DUE BODY`: its version, the id of the request that stored it, its place in the index
(`-` for none) and the token. A mark of the account stands behind the request's id, so that the record cannot act for
another one if replies are crossed.
"""

from datetime import datetime, timedelta

from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token, TokenState
from tiktok_async_stores.codec.records import check_mark, mark_of
from tiktok_async_stores.codec.tokens import decode_token, encode_token, to_microseconds

Put = tuple[Token, int | None]
"""A token and the version that is expected in its place."""

# Moves any datetime into the positive numbers, so that as fixed-width hexadecimal they sort as times do.
_OFFSET = 2**62
_LEAST_LIFE = 60_000  # milliseconds: whatever TikTok said, a token that was taken is not gone at once


def due(when: datetime) -> bytes:
    """Return *when* as it stands in the index."""
    return b"%016x" % (to_microseconds(when) + _OFFSET)


def written(token: Token, request: str) -> tuple[int, bytes]:
    """Return how long the record of *token* lives (milliseconds), and the record without its version.

    That is the whole life of its refresh token, whenever it began: the date of its end was made by a machine whose
    clock may have been wrong, and would then end a good record at once.
    """
    place = due(token.expires_at) if token.state is TokenState.ACTIVE else b"-"
    return (
        max(_LEAST_LIFE, (token.refresh_expires_at - token.updated_at) // timedelta(milliseconds=1)),
        b"%s %s %s" % (signed(request, token.key).encode(), place, encode_token(token)),
    )


def answered(put: Put, answer: int) -> int | TokenConflict:
    """Return the version that was stored, or the conflict with the one that is there."""
    if answer > 0:
        return answer
    token, expected = put
    actual = -1 - answer
    return TokenConflict(token.key.open_id, expected_version=expected or None, actual_version=actual or None)


def read(key: AccountKey, record: bytes | str | None) -> Token | None:
    """Return the token of a record.

    Raises:
        StoreError: It is damaged, or another account's.
    """
    if record is None:
        return None
    version, request, _, body = plain(record).split(b" ", 3)
    check_signed(request, key)
    return decode_token(body, key=key, version=int(version))


def signed(request: str, key: AccountKey) -> str:
    """Return the id of a request with a mark of *key* behind it."""
    return f"{request}.{mark_of(key).hex()}"


def check_signed(request: bytes, key: AccountKey) -> None:
    """Refuse a record that was stored for another account; one of an older release has no mark.

    Raises:
        StoreError: The mark is another one's.
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
    """Return what Redis answered; a caller's client may have decoded it."""
    return value.encode() if isinstance(value, str) else value
