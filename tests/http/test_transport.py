"""The transport on aiohttp: foreign errors become ours, redirects are not followed, connections are closed."""

import asyncio
import gc
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._http.transport import AiohttpTransport
from tiktok_async.errors import ConfigurationError, SessionClosed, TransportError, WrongEventLoop
from tiktok_async.models._http import Request

CANARY = "act.canary-in-a-header"
UPLOAD_TOKEN = "canary-in-a-url"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


@asynccontextmanager
async def transport(**options: object) -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport(Lifecycle(), **options)  # type: ignore[arg-type]  # a test's shorthand
    try:
        yield made
    finally:
        await made.aclose()


def request(url: str, **options: object) -> Request:
    return Request(
        method="POST",
        url=url,
        headers={"Authorization": f"Bearer {CANARY}"},
        body=b"refresh_token=rft.canary-in-a-body",
        **options,  # type: ignore[arg-type]  # a test's shorthand
    )


async def ok(_: web.Request) -> web.Response:
    return web.Response(text="fine", headers={"X-Seen": "yes"})


@pytest.mark.parametrize("fresh", [False, True])
async def test_an_answer_is_read_to_its_end(*, fresh: bool) -> None:
    async with serving(ok) as url, transport() as sending:
        answer = await sending.send(request(url + "/v2/user/info/", fresh=fresh))
    assert (answer.status, answer.body, answer.headers["X-Seen"]) == (200, b"fine", "yes")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_nothing_reaches_the_other_host(status: int) -> None:
    stolen: list[str] = []

    async def thief(caught: web.Request) -> web.Response:
        stolen.append(await caught.text())
        return web.Response()

    async with serving(thief) as other:

        async def redirect(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": other + "/steal"})

        async with serving(redirect) as url, transport() as sending:
            answer = await sending.send(request(url + "/"))
    assert answer.status == status
    assert stolen == []


async def test_a_refused_connection_was_not_sent(unused_tcp_port: int) -> None:
    async with transport() as sending:
        with pytest.raises(TransportError) as caught:
            await sending.send(request(f"http://127.0.0.1:{unused_tcp_port}/v2/video/list/"))
    assert caught.value.sent is False
    assert caught.value.endpoint == "/v2/video/list/"


async def test_a_host_that_does_not_exist_was_not_sent() -> None:
    async with transport() as sending:
        with pytest.raises(TransportError) as caught:
            await sending.send(request("http://nobody.invalid/"))
    assert caught.value.sent is False


async def reset_before_answering(incoming: web.Request) -> web.Response:
    assert incoming.transport is not None
    incoming.transport.abort()
    return web.Response()


async def break_off(incoming: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(incoming)
    await response.write(b"only this")
    assert incoming.transport is not None
    incoming.transport.abort()
    return response


async def not_http(incoming: web.Request) -> web.Response:
    assert incoming.transport is not None
    incoming.transport.write(b"SSH-2.0-surprise\r\n\r\n")
    incoming.transport.close()
    return web.Response()


async def never(_: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


def patience(handler: Handler) -> aiohttp.ClientTimeout:
    """Return a timeout that ends the wait for a server that never answers, and fails no other call."""
    return aiohttp.ClientTimeout(total=2 if handler is never else 60)


@pytest.mark.parametrize("handler", [reset_before_answering, break_off, not_http, never])
async def test_a_failure_after_sending_leaves_the_outcome_unknown(handler: Handler) -> None:
    async with serving(handler) as url, transport(timeout=patience(handler)) as sending:
        with pytest.raises(TransportError) as caught:
            await sending.send(request(url + "/v2/post/publish/video/init/"))
    assert caught.value.sent is True


@pytest.mark.parametrize("handler", [reset_before_answering, break_off, not_http, never])
async def test_our_errors_have_no_foreign_cause_and_show_no_secret(handler: Handler) -> None:
    async with serving(handler) as url, transport(timeout=patience(handler)) as sending:
        target = request(url + "/upload?upload_token=" + UPLOAD_TOKEN)
        with pytest.raises(TransportError) as caught:
            await sending.send(target)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "canary" not in "".join(traceback.format_exception(error)) + repr(error)


async def test_a_body_that_is_larger_than_any_answer_of_tiktok_is_refused() -> None:
    async def bomb(_: web.Request) -> web.Response:
        response = web.Response(body=b"0" * (40 * 1024 * 1024))
        response.enable_compression()
        return response

    async with serving(bomb) as url, transport() as sending:
        with pytest.raises(TransportError, match="broke off"):
            await sending.send(request(url + "/"))


async def test_a_stall_timeout_measures_the_time_without_a_byte() -> None:
    async def slow(incoming: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(incoming)
        for _ in range(6):
            await response.write(b"x")
            await asyncio.sleep(0.1)
        return response

    async with serving(slow) as url, transport(timeout=aiohttp.ClientTimeout(total=0.2)) as sending:
        answer = await sending.send(request(url + "/", stall_timeout=50.0))
    assert answer.body == b"xxxxxx"


async def test_a_request_may_have_its_own_timeout() -> None:
    answered = asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        await answered.wait()
        return web.Response()

    async with serving(late) as url, transport() as sending, asyncio.timeout(10):
        with pytest.raises(TransportError, match="no answer in time"):
            await sending.send(request(url + "/", timeout=aiohttp.ClientTimeout(total=0.01)))
        answered.set()


async def test_a_callers_session_is_used_and_left_open() -> None:
    async with serving(ok) as url, aiohttp.ClientSession() as http:
        async with transport(http=http) as sending:
            await sending.send(request(url + "/", fresh=True))
            await sending.send(request(url + "/"))
        assert not http.closed


async def test_every_opened_connection_is_closed() -> None:
    async with serving(ok) as url:
        async with transport() as sending:
            await sending.send(request(url + "/"))
            await sending.send(request(url + "/", fresh=True))
        del sending
        gc.collect()  # an unclosed session would warn here, and warnings are errors


async def test_a_closed_session_raises_session_closed() -> None:
    lifecycle = Lifecycle()
    sending = AiohttpTransport(lifecycle)
    lifecycle.closed = True
    with pytest.raises(SessionClosed, match="async with TikTokSession"):
        await sending.send(request("http://127.0.0.1:1/"))


def test_a_second_event_loop_is_named() -> None:
    lifecycle = Lifecycle()

    async def use() -> None:
        lifecycle.check()

    asyncio.run(use())
    with pytest.raises(WrongEventLoop, match="another event loop"):
        asyncio.run(use())


async def test_an_invalid_url_is_a_configuration_error() -> None:
    async with transport() as sending:
        with pytest.raises(ConfigurationError, match="base_url"):
            await sending.send(request("not a url"))


async def test_a_stream_yields_pieces_and_raises_our_errors() -> None:
    async with serving(break_off) as url, transport() as sending:
        seen = b""
        with pytest.raises(TransportError, match="broke off"):
            async with sending.stream(request(url + "/")) as answer:
                async for piece in answer.pieces:
                    seen += piece
    assert seen == b"only this"


async def test_leaving_a_stream_early_closes_its_connection() -> None:
    async def endless(incoming: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(incoming)
        try:
            while True:
                await response.write(b"x" * 1024)
        finally:
            ended.set()

    ended = asyncio.Event()
    async with serving(endless) as url, transport() as sending:
        async with sending.stream(request(url + "/")) as answer:
            assert await anext(answer.pieces)
        await asyncio.wait_for(ended.wait(), 50)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_no_request_is_repeated_automatically_when_the_connection_ends_without_an_answer(method: str) -> None:
    arrived = 0

    async def end(incoming: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        await incoming.read()
        if arrived == 1:
            return web.Response()
        return await reset_before_answering(incoming)

    async with serving(end) as url, transport() as sending:
        # The first request leaves a connection in the pool; with it aiohttp would repeat a request.
        await sending.send(Request(method=method, url=url + "/", body=b"x"))
        with pytest.raises(TransportError):
            await sending.send(Request(method=method, url=url + "/", body=b"x"))
    assert arrived == 2
