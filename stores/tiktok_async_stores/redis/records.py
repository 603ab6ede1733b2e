"""A token as Redis keeps it: what is sent to be stored, and what comes back.

A record is `VERSION REQUEST DUE BODY`: its version, the id of the request that stored it, its place in the index
(`-` for none) and the token.
"""

from collections.abc import Iterator
from datetime import datetime

from tiktok_async.errors import TokenConflict
from tiktok_async.models import AccountKey, Token, TokenState
from tiktok_async_stores.codec.tokens import decode_token, encode_token, to_microseconds

Put = tuple[Token, int | None]
"""A token and the version that is expected in its place."""

# Moves any datetime into the positive numbers, so that as fixed-width hexadecimal they sort as times do.
_OFFSET = 2**62
_LENGTH = 8


def due(when: datetime) -> bytes:
    """Return *when* as it stands in the index."""
    return b"%016x" % (to_microseconds(when) + _OFFSET)


def written(token: Token, request: str) -> tuple[int, bytes]:
    """Return when the record of *token* ends (Unix milliseconds), and the record without its version."""
    place = due(token.expires_at) if token.state is TokenState.ACTIVE else b"-"
    return (
        to_microseconds(token.refresh_expires_at) // 1000,
        b"%s %s %s" % (request.encode(), place, encode_token(token)),
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
        StoreError: It is damaged.
    """
    if record is None:
        return None
    version, _, _, body = plain(record).split(b" ", 3)
    return decode_token(body, key=key, version=int(version))


def fetched(answer: bytes | str) -> Iterator[bytes | None]:
    """Yield the records in an answer of the script `FETCH`."""
    records, at = plain(answer), 0
    while at < len(records):
        start = at + _LENGTH
        size = int(records[at:start])
        at = start + max(size, 0)
        yield records[start:at] if size >= 0 else None


def plain(value: bytes | str) -> bytes:
    """Return what Redis answered; a caller's client may have decoded it."""
    return value.encode() if isinstance(value, str) else value
