"""A token is encoded to bytes and decoded again; invalid bytes are refused."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey, RefreshAttempt, Secret, Token, TokenState
from tiktok_async_stores.codec.tokens import decode_token, encode_token

KEY = AccountKey("app", "-000user")
TOKEN = Token(
    key=KEY,
    access_token=Secret("act.canary"),
    refresh_token=Secret("rft.canary"),
    scopes={"video.list", "user.info.basic"},
    expires_at=datetime(2026, 11, 21, tzinfo=UTC),
    refresh_expires_at=datetime(2027, 11, 21, tzinfo=UTC),
    updated_at=datetime(2026, 11, 20, tzinfo=UTC),
)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants naive bounds
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    access=st.text(min_size=1),
    scopes=st.frozensets(st.text()),
    moments=st.tuples(times, times, times, times),
    rest=st.tuples(st.sampled_from(TokenState), st.none() | st.text(), st.booleans(), st.integers(0, 2**60)),
)
def test_a_decoded_token_equals_the_encoded_token_to_the_microsecond(
    access: str,
    scopes: frozenset[str],
    moments: tuple[datetime, datetime, datetime, datetime],
    rest: tuple[TokenState, str | None, bool, int],
) -> None:
    state, reason, attempted, version = rest
    token = evolve(
        TOKEN,
        access_token=Secret(access),
        scopes=scopes,
        expires_at=moments[0],
        refresh_expires_at=moments[1],
        updated_at=moments[2],
        state=state,
        reason=reason,
        version=version,
        attempt=RefreshAttempt(fingerprint="f", at=moments[3], replayed=attempted, owner="o") if attempted else None,
    )
    assert decode_token(encode_token(token), key=KEY, version=version) == token


def test_a_time_in_another_time_zone_is_decoded_as_the_same_instant() -> None:
    east = TOKEN.expires_at.astimezone(timezone(timedelta(hours=9)))
    assert decode_token(encode_token(evolve(TOKEN, expires_at=east)), key=KEY, version=0).expires_at == TOKEN.expires_at


def assert_refused(body: bytes) -> None:
    with pytest.raises(StoreError) as caught:
        decode_token(body, key=KEY, version=1)
    assert "-000user" in str(caught.value)
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"


@settings(deadline=None)
@given(st.binary())
@example(b"")
@example(b"null")
@example(b"[]")
@example(b'{"access_token": "act.canary"}')
@example(b'[2,"act.canary","rft.canary",[],1,1,1]')
@example(b'[1,null,"rft.canary",[],1,1,1]')
@example(b'[1,"act.canary","rft.canary",[],1e400,1,1]')
def test_invalid_bytes_raise_an_error_with_the_account_and_without_the_bytes(body: bytes) -> None:
    assert_refused(body)


@settings(deadline=None)
@given(place=st.integers(0, 6), value=json)
def test_a_field_of_the_wrong_type_is_refused_not_converted(place: int, value: Any) -> None:
    fields = orjson.loads(encode_token(TOKEN))
    if type(value) is type(fields[place]) and value != []:
        return
    fields[place] = value
    if value == [] and place == 3:
        return
    assert_refused(orjson.dumps(fields))


@settings(deadline=None)
@given(json)
@example({"attempt": ["f", 1, 1, "o"]})
@example({"attempt": ["f", True, False, "o"]})
@example({"attempt": ["f", 1, False, 1]})
@example({"state": "canary"})
@example({"reason": 5})
@example([])
def test_an_unexpected_last_field_is_refused_or_ignored(last: Any) -> None:
    body = orjson.dumps([*orjson.loads(encode_token(TOKEN)), last])
    if isinstance(last, dict) and not last.keys() & {"attempt", "state", "reason"}:
        assert decode_token(body, key=KEY, version=0) == TOKEN
    elif last != {"state": "active"}:
        assert_refused(body)
