"""Records with a mark of their account, so that none acts for another one if answers are crossed or rows copied.

A cipher sees to that by itself; this is for records that are plain.
"""

from hashlib import blake2b

from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, Token
from tiktok_async_stores.codec.packing import pack, unpack
from tiktok_async_stores.codec.tokens import decode_token, encode_token

_SIZE = 6
# Neither JSON nor a packed record has this byte. So a record that an older version wrote shows that it has no mark.
_BEFORE = b"\x1e"


def mark_of(key: AccountKey) -> bytes:
    """Return what tells the records of *key* from those of other accounts."""
    return blake2b(f"{key.client_key}\0{key.open_id}".encode(errors="surrogatepass"), digest_size=_SIZE).digest()


def mark(record: bytes, key: AccountKey) -> bytes:
    """Return *record* with the mark of *key* behind it."""
    return record + _BEFORE + mark_of(key)


def unmark(record: bytes, key: AccountKey) -> bytes:
    """Return what `mark` was given; a record without a mark comes back as it is.

    Raises:
        StoreError: The mark is another account's.
    """
    start = len(record) - _SIZE
    if record[start - 1 : start] != _BEFORE:
        return record
    check_mark(record[start:], key)
    return record[: start - 1]


def check_mark(found: bytes, key: AccountKey) -> None:
    """Refuse a mark that is another account's.

    Raises:
        StoreError: It is.
    """
    if found != mark_of(key):
        raise StoreError(
            f"The store answered with another account's record when it was asked for account {key.open_id}; it was "
            "not used. Answers may be crossed, or a record was copied: close the store, and look at both."
        )


def write_token(token: Token) -> bytes:
    """Return the record of *token*, without its key and version: packed, and marked."""
    return mark(pack(encode_token(token)), token.key)


def read_token(record: bytes, *, key: AccountKey, version: int) -> Token:
    """Return the token that `write_token` made *record* of.

    Raises:
        StoreError: The record is damaged or another account's.
    """
    return decode_token(unpack(unmark(record, key)), key=key, version=version)
