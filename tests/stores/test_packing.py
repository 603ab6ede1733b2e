"""Smaller, and back again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tiktok_async.models import AccountKey
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores._codec import encode_token
from tiktok_async_stores._packing import pack, unpack


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_what_is_packed_comes_back(body: bytes) -> None:
    assert unpack(pack(body)) == body


@settings(deadline=None)
@given(st.binary())
def test_what_was_never_packed_does_not_fail_here(packed: bytes) -> None:
    assert isinstance(unpack(packed), bytes)


def test_a_token_loses_a_quarter() -> None:
    body = encode_token(make_token(AccountKey("app", "one")))
    assert len(pack(body)) <= 0.75 * len(body)


def test_what_an_earlier_version_packed_is_still_read() -> None:
    packed = "0183d11550532a89d1ae63a4631c0b00"
    assert unpack(bytes.fromhex(packed)) == b'[1,"act.x","rft.y",["user.info.basic","video.list"],1,2,3]'
