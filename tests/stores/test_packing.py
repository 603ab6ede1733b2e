"""Records are packed into fewer bytes and unpacked again."""

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tiktok_async.models import AccountKey
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.codec.packing import pack, unpack
from tiktok_async_stores.codec.tokens import encode_token

json = st.recursive(
    st.none() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(json)
@example([1, "act.rft.", "", "", ["user.info.basic", "video.list"], 1718171817])
def test_unpacking_returns_what_was_packed(value: object) -> None:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    assert unpack(pack(body)) == body


@settings(deadline=None)
@given(st.binary())
def test_unpacking_bytes_that_were_never_packed_does_not_fail(packed: bytes) -> None:
    assert isinstance(unpack(packed), bytes)


def test_packing_a_token_of_the_usual_scopes_saves_fifty_bytes() -> None:
    body = encode_token(make_token(AccountKey("app", "one")))
    assert len(pack(body)) <= len(body) - 50


def test_a_record_that_an_earlier_version_packed_is_still_read() -> None:
    packed = "0178027903393531333238303008383634303008332c7b1478227d5d"
    assert unpack(bytes.fromhex(packed)) == (
        b'[1,"act.x","rft.y.va",["user.info.basic","video.list"],1795132800000000,86400000000,3,{"reason":"x"}]'
    )
