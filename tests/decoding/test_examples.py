"""Every documented answer decodes with all its fields; any other answer decodes or raises one of our errors."""

import asyncio
import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

import tiktok_async
from tests.decoding.examples import EXAMPLES, TABLES, Example
from tiktok_async import (
    AccountKey,
    Endpoint,
    Scope,
    Secret,
    TikTokError,
    TikTokSession,
    Token,
)
from tiktok_async.models._http import RawResponse, Request
from tiktok_async.models._wire import WireModel
from tiktok_async.stores import MemoryTokenStore
from tiktok_async.testing import VirtualClock

CLIENT_TOKEN = {"access_token": "clt.example", "expires_in": 7_200, "token_type": "Bearer"}
QR_CODE = {"scan_qrcode_url": "aweme://authorize?client_ticket=tobefilled&scope=a", "token": "QRTOKEN1"}


class CannedTransport:
    """Answers one endpoint with the body that the test sets."""

    def __init__(self) -> None:
        self.path = ""
        self.body: Any = None
        self.fields: list[str] = []

    async def send(self, request: Request) -> RawResponse:
        self.fields = URL(request.url).query.get("fields", "").split(",")
        path = str(request.url).partition("example.com")[2].partition("?")[0]
        body: Any = {Endpoint.TOKEN.path: CLIENT_TOKEN, Endpoint.QRCODE_GET.path: QR_CODE}.get(path, self.body)
        return RawResponse(status=200, headers={}, body=orjson.dumps(body))

    async def aclose(self) -> None:
        """Nothing to close."""


class CannedSession:
    """A session whose transport answers with the data of the test."""

    def __init__(self) -> None:
        self.transport = CannedTransport()
        self.clock = VirtualClock(datetime(2026, 11, 21, tzinfo=UTC))
        self.store = MemoryTokenStore(clock=self.clock)

    async def run(self, example: Example, data: Any) -> Any:
        envelope = {"data": data, "error": {"code": "ok", "message": "ok.", "http_status_code": 200, "log_id": "L"}}
        self.transport.body = data if example.flat else envelope
        session = TikTokSession(
            client_key="key",
            client_secret="secret",
            base_url="https://example.com",
            store=self.store,
            limiter="none://",
            clock=self.clock,
        )
        session._sender._transport = self.transport
        async with session:
            await self.store.put(self._token(), expected_version=None)
            return await self.clock.run(example.call(session, session.account("somebody")))

    def _token(self) -> Token:
        now = self.clock.now()
        return Token(
            key=AccountKey("key", "somebody"),
            access_token=Secret("act.example"),
            refresh_token=Secret("rft.example"),
            scopes=frozenset(map(str, Scope)),
            expires_at=now + timedelta(days=900),
            refresh_expires_at=now + timedelta(days=900),
            updated_at=now,
        )


def as_json(value: Any) -> Any:
    """Return a model's value as its JSON value."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, tuple):
        return [as_json(one) for one in value]
    return value


def agree(found: Any, wanted: Any) -> bool:
    """Return whether a model's value equals the JSON value; ids are strings in models."""
    if isinstance(wanted, dict) and isinstance(found, WireModel):
        return all(agree(getattr(found, name), value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(agree, found, wanted))
    return bool(as_json(found) == wanted or (isinstance(wanted, int) and as_json(found) == str(wanted)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_documented_answer_decodes_with_every_field(example: Example) -> None:
    found = asyncio.run(CannedSession().run(example, example.data))
    for name, value in example.item.items():
        assert hasattr(found, name), name
        assert agree(getattr(found, name), value), (name, getattr(found, name), value)


@pytest.mark.parametrize("name", TABLES)
def test_every_field_of_a_table_is_requested_by_default(name: str) -> None:
    canned, example = CannedSession(), next(one for one in EXAMPLES if one.name == name)
    asyncio.run(canned.run(example, example.data))
    assert TABLES[name] - set(canned.transport.fields) == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_field_that_tiktok_adds_is_kept_and_breaks_nothing(example: Example) -> None:
    data = copy.deepcopy(example.data)
    for inner in _objects(data):
        inner["a_new_field"] = {"x": [1]}
    found = asyncio.run(CannedSession().run(example, data))
    if isinstance(found, WireModel):
        assert found.raw["a_new_field"] == {"x": [1]}


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        for value in list(data.values()):
            yield from _objects(value)
        yield data
    elif isinstance(data, list):
        for value in data:
            yield from _objects(value)


def _places(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        yield from _places(value, (*at, step))


def _changed(data: Any, at: tuple[Any, ...], value: Any, *, remove: bool) -> Any:
    whole = copy.deepcopy(data)
    inner = whole
    for step in at[:-1]:
        inner = inner[step]
    if remove:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return whole


def _strings(value: Any) -> Iterator[str]:
    """Yield every string of a result, except the strings of its raw JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _strings(one)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            if field.name != "raw":
                yield from _strings(getattr(value, field.name))


NOTHING = {"None", "nan", "null"}


def _try(canned: CannedSession, example: Example, data: Any) -> None:
    try:
        found = asyncio.run(canned.run(example, data))
    except TikTokError:
        return
    assert not NOTHING & set(_strings(found)), found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_null_or_missing_value_in_any_place_is_none_or_one_of_our_errors(example: Example) -> None:
    for place in _places(example.data):
        _try(CannedSession(), example, _changed(example.data, place, None, remove=False))
        _try(CannedSession(), example, _changed(example.data, place, None, remove=True))
    wholes: list[Any] = [None, [], {}, "x", 7, True, [None]]
    for whole in wholes:
        _try(CannedSession(), example, whole)


# A name may be "None"; only a string made from a `None` is wrong. Hypothesis also tries strings of our source.
TEXT = st.text(max_size=5).filter(lambda text: text not in NOTHING)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.slow
def test_wrong_types_anywhere_raise_only_our_errors(full: bool) -> None:  # noqa: FBT001 - a fixture
    @settings(max_examples=5_000 if full else 100, deadline=None, database=None)
    @given(st.data())
    def check(draw: st.DataObject) -> None:
        example = draw.draw(st.sampled_from(EXAMPLES))
        data = example.data
        for _ in range(draw.draw(st.integers(1, 3))):
            places = list(_places(data))
            if not places:
                return
            place = draw.draw(st.sampled_from(places))
            data = _changed(data, place, draw.draw(JSON), remove=False)
        _try(CannedSession(), example, data)

    check()


def test_every_endpoint_is_used_by_the_api_or_by_sync() -> None:
    package = Path(tiktok_async.__file__).parent
    files = [*package.glob("api/**/*.py"), *package.glob("sync/*.py")]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [endpoint.name for endpoint in Endpoint if f"Endpoint.{endpoint.name}" not in source] == []
