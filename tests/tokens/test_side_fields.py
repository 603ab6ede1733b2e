"""A token pair of an answer is kept although other fields of the answer are invalid."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tokens.fakes import TokenWorld
from tiktok_async import TikTokSession
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._decoding.envelope import decode_oauth
from tiktok_async._http.transport import AiohttpTransport
from tiktok_async._tokens.rules import RefreshOutcome, classify_refresh_error
from tiktok_async.api.oauth.rules.authorize import parse_token
from tiktok_async.errors import ReauthorizationRequired, ServerError, TransportError
from tiktok_async.models import AccountKey, Endpoint, Secret, Token
from tiktok_async.models._http import RawResponse, Request

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
PAIR: dict[str, Any] = {"access_token": "act.new", "refresh_token": "rft.new"}
OLD = Token(
    key=AccountKey("app", "user"),
    access_token=Secret("act.old"),
    refresh_token=Secret("rft.old"),
    scopes=frozenset({"video.list"}),
    expires_at=NOW + timedelta(hours=2),
    refresh_expires_at=NOW + timedelta(days=100),
    updated_at=NOW,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("expires_in", "refresh_expires_in", "scope", "token_type", "extra"), JSON)
    )
)
def test_other_invalid_fields_of_a_refresh_answer_do_not_lose_the_token_pair(sides: dict[str, Any]) -> None:
    later = NOW + timedelta(hours=1)
    token = parse_token(PAIR | sides, client_key="app", now=later, previous=OLD)
    assert (token.key, token.access_token, token.refresh_token) == (OLD.key, Secret("act.new"), Secret("rft.new"))
    assert token.scopes or not OLD.scopes
    first = parse_token(PAIR | sides | {"open_id": "user"}, client_key="app", now=later)
    assert first.access_token == Secret("act.new")


@pytest.mark.parametrize(
    ("field", "value", "hours"),
    [
        ("expires_in", "", 2),
        ("expires_in", "3600.5", 1),
        ("expires_in", "2h", 2),
        ("expires_in", [7], 2),
        ("refresh_expires_in", [1], 2),
        ("scope", ["video.list"], 2),
        ("scope", 7, 2),
        ("refresh_token", ["rft"], 2),
        ("open_id", 7, 2),
    ],
)
def test_unreadable_fields_keep_their_old_values_and_are_reported(field: str, value: Any, hours: int) -> None:
    reported: list[str] = []
    token = parse_token(PAIR | {field: value}, client_key="app", now=NOW, previous=OLD, on_unreadable=reported.append)
    assert int((token.expires_at - NOW).total_seconds()) // 3600 == hours
    assert (token.scopes, token.refresh_expires_at) == (OLD.scopes, OLD.refresh_expires_at)
    readable = value in ("", "3600.5")
    assert reported == ([] if readable else [field])


def test_a_token_pair_of_another_account_is_refused() -> None:
    with pytest.raises(ServerError, match="open_id"):
        parse_token(PAIR | {"open_id": "other"}, client_key="app", now=NOW, previous=OLD)


@pytest.mark.parametrize("status", [200, 400, 409, 500, 503])
@pytest.mark.parametrize("error", ["", "server_error", {"code": "internal_error"}])
def test_an_answer_with_an_access_token_is_a_token_with_any_other_fields(status: int, error: Any) -> None:
    answer = RawResponse(status=status, headers={}, body=orjson.dumps(PAIR | {"error": error}))
    assert decode_oauth(answer, endpoint=Endpoint.TOKEN.path).data["access_token"] == "act.new"


async def test_nothing_is_sent_again_after_an_answer_whose_token_cannot_be_used() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(timedelta(hours=2))
    world.provider.faults = [(True, ServerError("unexpected_form", "odd", status=200))]
    for wait in (0, 5, 3600):
        await world.clock.advance(wait)
        with pytest.raises(ReauthorizationRequired) as caught:
            await world.clock.run(manager.token("user"))
        assert caught.value.reason == "interrupted_rotation"
    assert sum(world.provider.asked.values()) == 1


BODY = orjson.dumps(PAIR | {"open_id": "user", "expires_in": 60, "refresh_expires_in": 60})
FRAMES = {
    "a length that is too long": b"Content-Length: %d\r\n\r\n%s" % (len(BODY) + 7, BODY),
    "chunks without an end": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(BODY), BODY),
    "a chunk that is not all there": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(BODY) + 9, BODY),
}


@asynccontextmanager
async def answering(reply: bytes, *, left_open: bool = False) -> AsyncGenerator[str]:
    """Serve *reply* to one request, byte for byte."""
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + reply)
            await writer.drain()
            if left_open:
                while await reader.read(1024):
                    pass
            writer.close()
            await writer.wait_closed()
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(10):
        await served.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("left_open", [False, True])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
async def test_a_complete_json_with_a_broken_http_framing_is_an_answer(frame: bytes, *, left_open: bool) -> None:
    async with answering(frame, left_open=left_open) as url:
        transport = AiohttpTransport(Lifecycle(), timeout=aiohttp.ClientTimeout(total=1))
        answer = await transport.send(Request(method="POST", url=url, body=b"a=b", fresh=True))
        await transport.aclose()
    assert answer.body == BODY


async def test_an_incomplete_json_is_not_an_answer() -> None:
    async with answering(b"Content-Length: 100\r\n\r\n" + BODY[:-2]) as url:
        transport = AiohttpTransport(Lifecycle())
        with pytest.raises(TransportError):
            await transport.send(Request(method="POST", url=url, body=b"a=b", fresh=True))
        await transport.aclose()


async def test_a_refresh_answer_with_an_invalid_field_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    body = orjson.dumps(PAIR | {"expires_in": "two hours"})
    async with (
        answering(b"Content-Length: %d\r\n\r\n%s" % (len(body), body)) as url,
        TikTokSession(client_key="app", client_secret="secret", base_url=url) as session,
    ):
        await session._store.put(OLD, expected_version=None)
        with caplog.at_level(logging.WARNING, logger="tiktok_async.tokens"):
            token = await session.oauth.refresh("user")
    assert token.refresh_token == Secret("rft.new")
    assert "expires_in" in caplog.text
    assert "act.new" not in caplog.text


async def test_no_other_process_sends_the_refresh_token_again_after_such_an_answer() -> None:
    world = TokenWorld()
    manager, other = await world.connected(), world.manager()
    world.provider.faults = [(True, ServerError("unexpected_form", "odd", status=200))]
    with pytest.raises(ReauthorizationRequired):
        await world.clock.run(manager.refresh("user"))
    await world.clock.advance(timedelta(days=1))
    with pytest.raises(ReauthorizationRequired, match="interrupted"):
        await world.clock.run(other.token("user"))
    assert sum(world.provider.asked.values()) == 1


@pytest.mark.parametrize("answer", [PAIR | {"open_id": "other"}, {"access_token": ["act"], "refresh_token": "rft.new"}])
def test_an_answer_with_an_unusable_token_differs_from_an_answer_without_one(answer: dict[str, Any]) -> None:
    raw = RawResponse(status=200, headers={}, body=orjson.dumps(answer))
    with pytest.raises(ServerError) as caught:
        parse_token(decode_oauth(raw, endpoint=Endpoint.TOKEN.path).data, client_key="app", now=NOW, previous=OLD)
    assert classify_refresh_error(caught.value) is RefreshOutcome.SPENT
    with pytest.raises(ServerError) as without:
        decode_oauth(RawResponse(status=200, headers={}, body=b"{}"), endpoint=Endpoint.TOKEN.path)
    assert classify_refresh_error(without.value) is RefreshOutcome.UNCLEAR
