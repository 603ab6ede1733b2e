"""Checkpoints as bytes: a JSON list whose first entry is the format's version.

The account's key, the round, the due time and the `version` are not included: every store keeps those separately,
where it can compare and change them. The marks of a video take 16 bytes, since ids are 64-bit numbers in practice.
"""

import base64
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson

from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, Checkpoint
from tiktok_async_stores.codec.tokens import to_microseconds

FORMAT = 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = struct.Struct(">QII")
_LARGEST_ID, _LARGEST_TIME = 2**64, 2**32

Marks = Mapping[str, tuple[int, int]]

_NO_MARKS: dict[str, Any] = {}


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return *checkpoint* as bytes, without its key, round, due time and version."""
    return orjson.dumps(
        [
            FORMAT,
            _number(checkpoint.watermark),
            _number(checkpoint.synced_at),
            _encode_marks(checkpoint.known),
            checkpoint.failures,
            checkpoint.login_needed,
            *_under_way(checkpoint),
        ]
    )


def _under_way(checkpoint: Checkpoint) -> Iterator[Any]:
    # Between two rounds, which is nearly always, this is empty.
    if checkpoint.began_at is not None:
        yield _number(checkpoint.began_at)
        yield checkpoint.cursor
        yield _number(checkpoint.newest)
        yield _encode_marks(checkpoint.seen)


def decode_checkpoint(body: bytes, *, key: AccountKey, due_at: datetime, number: int, version: int) -> Checkpoint:
    """Return the checkpoint that `encode_checkpoint` encoded as *body*.

    Args:
        body: The bytes.
        key: Its account.
        due_at: The time at which it is due.
        number: Its round.
        version: Its version.

    Raises:
        StoreError: The bytes are damaged or of a newer format.
    """
    try:
        form, watermark, synced_at, known, failures, login_needed, *rest = cast("list[Any]", orjson.loads(body))
        began_at, cursor, newest, seen = rest or [None, None, None, _NO_MARKS]
        if form == FORMAT:
            return Checkpoint(
                key=key,
                due_at=due_at,
                round=number,
                version=version,
                watermark=_moment(watermark),
                synced_at=_moment(synced_at),
                known=_decode_marks(known),
                failures=int(failures),
                login_needed=bool(login_needed),
                began_at=_moment(began_at),
                cursor=None if cursor is None else int(cursor),
                newest=_moment(newest),
                seen=_decode_marks(seen),
            )
    except (ValueError, TypeError, OverflowError, AttributeError, struct.error) as error:
        raise _unreadable(key) from error
    raise _unreadable(key)


def from_microseconds(number: int) -> datetime:
    """Return the time *number* microseconds after the start of 1970."""
    return _EPOCH + timedelta(microseconds=number)


def _unreadable(key: AccountKey) -> StoreError:
    return StoreError(
        f"The stored checkpoint of account {key.open_id} cannot be read: it is damaged or was written by a newer "
        "version of this library. Delete it to sync the account from its beginning."
    )


def _encode_marks(marks: Marks) -> object:
    if not all(_fits(video_id, posted) for video_id, (posted, _) in marks.items()):
        return dict(marks)
    packed = b"".join(_MARK.pack(int(video_id), posted, digest) for video_id, (posted, digest) in marks.items())
    return base64.b64encode(packed).decode()


def _fits(video_id: str, posted: int) -> bool:
    # The number must give the same text again.
    return (
        0 <= posted < _LARGEST_TIME
        and video_id.isascii()
        and video_id.isdecimal()
        and (video_id == "0" or not video_id.startswith("0"))
        and int(video_id) < _LARGEST_ID
    )


def _decode_marks(marks: Any) -> Marks:  # noqa: ANN401 - any JSON
    if isinstance(marks, str):
        rows = _MARK.iter_unpack(base64.b64decode(marks, validate=True))
        return {str(number): (posted, digest) for number, posted, digest in rows}
    return {video_id: (int(posted), int(digest)) for video_id, (posted, digest) in marks.items()}


def _number(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)


def _moment(number: int | None) -> datetime | None:
    return None if number is None else from_microseconds(number)
