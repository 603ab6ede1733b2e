"""The helpers for web frameworks, over HTTP: login, callback, webhooks, dependencies, start and stop."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from fastapi import Depends, FastAPI
from litestar import Litestar
from litestar import Request as LitestarRequest
from litestar import get as litestar_get
from litestar.di import NamedDependency, Provide
from litestar.middleware.session.client_side import CookieBackendConfig
from starlette.applications import Starlette
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.conftest import free_port
from tests.web.serving import browser_like
from tiktok_async import (
    Account,
    AccountKey,
    ConfigurationError,
    RateLimitWaitExceeded,
    ReauthorizationRequired,
    ScopeNotGranted,
    StoreError,
    TikTokError,
    TransportError,
    WebhookEvent,
    WebhookReceiver,
)
from tiktok_async.contrib import aiohttp as for_aiohttp
from tiktok_async.contrib import litestar as for_litestar
from tiktok_async.contrib import starlette as for_starlette
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint
from tiktok_async.stores import MemoryTokenStore
from tiktok_async.webhooks import MAX_BODY

SCOPES = ["user.info.basic", "video.list"]
KEY = "k" * 32


class App:
    """An application on one of the frameworks, and the events that it got."""

    def __init__(self, framework: str, emulator: Emulator) -> None:
        self.framework = framework
        self.emulator = emulator
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.store = MemoryTokenStore()
        self.opened = 0
        self.seen: list[WebhookEvent] = []
        self.failing = False
        self.error: Exception = ValueError("nobody said which")
        self.settings: dict[str, Any] = {
            "open_session": self.open,
            "redirect_uri": f"{self.url}/tiktok/callback/",
            "scopes": SCOPES,
            "on_event": self.on_event,
        }
        self.tiktok: Any = None

    def open(self) -> Any:
        self.opened += 1
        return self.emulator.session(store=self.store)

    async def on_event(self, event: WebhookEvent) -> None:
        if self.failing:
            raise ValueError("the application's own work failed")
        self.seen.append(event)

    @asynccontextmanager
    async def served(self) -> AsyncIterator["App"]:
        if self.framework == "aiohttp":
            runner = web.AppRunner(self.on_aiohttp(), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
            yield self
            await runner.cleanup()
            return
        app = getattr(self, f"on_{self.framework}")()
        server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", self.port, log_level="critical", lifespan="on"))
        running = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.005)
            assert not running.done()
        yield self
        server.should_exit = True
        await running

    def on_aiohttp(self) -> web.Application:
        self.tiktok = tiktok = for_aiohttp.TikTok(cookie_key=KEY, **self.settings)

        async def me(request: web.Request) -> web.Response:
            account = tiktok.required(request)
            return web.Response(text=(await account.user_info()).open_id)

        async def bye(request: web.Request) -> web.Response:
            tiktok.log_out(tiktok.web_session(request))
            return web.Response(text="bye")

        async def fail(_: web.Request) -> web.Response:
            raise self.error

        app = web.Application()
        tiktok.setup(app)
        app.router.add_get("/fail", fail)
        app.router.add_get("/me", me)
        app.router.add_get("/bye", bye)
        return app

    def on_starlette(self) -> Starlette:
        self.tiktok = tiktok = for_starlette.TikTok(**self.settings)

        async def me(request: Request) -> PlainTextResponse:
            return PlainTextResponse((await tiktok.required(request).user_info()).open_id)

        async def bye(request: Request) -> PlainTextResponse:
            tiktok.log_out(request.session)
            return PlainTextResponse("bye")

        async def fail(_: Request) -> PlainTextResponse:
            raise self.error

        app = Starlette(
            routes=[Route("/me", me), Route("/bye", bye), Route("/fail", fail), *tiktok.routes()],
            lifespan=tiktok.lifespan,
            exception_handlers=tiktok.exception_handlers(),
        )
        app.add_middleware(SessionMiddleware, secret_key=KEY)
        return app

    def on_fastapi(self) -> FastAPI:
        self.tiktok = tiktok = for_starlette.TikTok(**self.settings)
        app = FastAPI()
        app.add_middleware(SessionMiddleware, secret_key=KEY)
        tiktok.setup(app)

        async def fail() -> PlainTextResponse:
            raise self.error

        async def me(
            account: Annotated[Account, Depends(tiktok.required)], session: Annotated[Any, Depends(tiktok.connected)]
        ) -> PlainTextResponse:
            assert session is tiktok.session
            return PlainTextResponse((await account.user_info()).open_id)

        async def bye(request: Request) -> PlainTextResponse:
            tiktok.log_out(request.session)
            return PlainTextResponse("bye")

        app.get("/me")(me)
        app.get("/bye")(bye)
        app.get("/fail")(fail)
        return app

    def on_litestar(self) -> Litestar:
        self.tiktok = tiktok = for_litestar.TikTok(**self.settings)

        @litestar_get("/me")
        async def me(account: NamedDependency[Any], session: NamedDependency[Any]) -> str:
            assert session is tiktok.session
            return str((await account.user_info()).open_id)

        @litestar_get("/bye")
        async def bye(request: LitestarRequest[Any, Any, Any]) -> str:
            tiktok.log_out(request.session)
            return "bye"

        @litestar_get("/fail")
        async def fail() -> str:
            raise self.error

        return Litestar(
            [me, bye, fail, *tiktok.routes()],
            lifespan=[tiktok.lifespan],
            exception_handlers=tiktok.exception_handlers(),
            middleware=[CookieBackendConfig(secret=KEY.encode()).middleware],
            dependencies={
                "account": Provide(tiktok.required, sync_to_thread=False),
                "session": Provide(tiktok.connected, sync_to_thread=False),
            },
        )


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}) as running:
        yield running


@pytest.fixture
def user(emulator: Emulator) -> EmulatedUser:
    return emulator.add_user(videos=3)


@pytest.fixture(params=["aiohttp", "starlette", "fastapi", "litestar"])
async def app(request: pytest.FixtureRequest, emulator: Emulator) -> AsyncIterator[App]:
    async with App(request.param, emulator).served() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with browser_like() as session:
        yield session


async def get(http: aiohttp.ClientSession, url: str, **options: Any) -> tuple[int, str, str]:
    """Return status, body and `Location`."""
    async with http.get(url, allow_redirects=False, **options) as response:
        return response.status, await response.text(), response.headers.get("Location", "")


async def begin(http: aiohttp.ClientSession, app: App, query: str = "") -> str:
    status, _, location = await get(http, f"{app.url}/tiktok/login{query}")
    assert status == 303
    assert location.startswith(app.emulator.authorize_url)
    return location


async def finish(http: aiohttp.ClientSession, callback: str) -> str:
    status, _, location = await get(http, callback)
    assert status == 303
    return location


async def test_a_login_ends_at_its_target_and_is_remembered(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    assert (await get(http, f"{app.url}/me"))[0] == 401
    url = await begin(http, app, "?next=/me%3Ftab%3D1")
    assert await finish(http, await app.emulator.consent(url, user)) == "/me?tab=1"
    assert (await get(http, f"{app.url}/me"))[:2] == (200, user.open_id)
    assert (await get(http, f"{app.url}/bye"))[0] == 200
    assert (await get(http, f"{app.url}/me"))[0] == 401


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/%0d%0aSet-Cookie:x=1",
        "javascript:alert(1)",
        "evil",
        "",
        "/%5cevil",
        "/%00",
        "/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "/" + "a" * 3000,
    ],
)
async def test_no_target_redirects_to_another_site(app: App, http: aiohttp.ClientSession, target: str) -> None:
    url = await begin(http, app, f"?next={target}")
    back = await app.emulator.consent(url, app.emulator.add_user())
    assert await finish(http, back) == "/"


async def test_a_denied_login_shows_a_message_and_logs_nobody_in(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    url = await begin(http, app, "?next=/me%3Fa%3Db")
    assert await finish(http, await app.emulator.consent(url, user, deny=True)) == "/me?a=b&tiktok_error=denied"
    assert (await get(http, f"{app.url}/me"))[0] == 401


async def test_a_callback_without_a_pending_login_or_after_a_logout_logs_nobody_in(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    url = await begin(http, app)
    callback = await app.emulator.consent(url, user)
    async with browser_like() as victim:
        assert await finish(victim, callback) == "/?tiktok_error=expired"
        assert (await get(victim, f"{app.url}/me"))[0] == 401
    assert await finish(http, callback) == "/"
    assert (await get(http, f"{app.url}/bye"))[0] == 200
    assert await finish(http, callback) == "/?tiktok_error=expired"
    await begin(http, app)
    assert await finish(http, callback) == "/?tiktok_error=expired"
    assert (await get(http, f"{app.url}/me"))[0] == 401


async def test_a_login_that_fails_at_tiktok_gives_a_page_and_no_error(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    url = await begin(http, app)
    callback = await app.emulator.consent(url, user)
    app.emulator.fail_next(Endpoint.TOKEN, status=400, code="invalid_client", times=9)
    assert await finish(http, callback) == "/?tiktok_error=failed"


async def test_the_cookie_cannot_be_forged_or_read_by_scripts(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    url = await begin(http, app)
    back = await app.emulator.consent(url, user)
    async with http.get(back, allow_redirects=False) as response:
        (cookie,) = response.headers.getall("Set-Cookie")
    words = [word.strip().lower() for word in cookie.split(";")]
    assert "httponly" in words
    assert "samesite=lax" in words
    name, _, value = cookie.partition(";")[0].partition("=")
    if app.framework == "litestar":
        return  # its cookie is encrypted, and divided
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as bare:
        assert (await get(bare, f"{app.url}/me", headers={"Cookie": f"{name}={value}"}))[0] == 200
        for forged in (value[:-1], value[:-2] + "xx", "x" + value, value[::-1], "."):
            assert (await get(bare, f"{app.url}/me", headers={"Cookie": f"{name}={forged}"}))[0] == 401


async def post(http: aiohttp.ClientSession, app: App, body: bytes, signature: str | None = None) -> int:
    receiver = WebhookReceiver(app.emulator.client_key, app.emulator.client_secret)
    headers = {"TikTok-Signature": receiver.sign(body) if signature is None else signature}
    headers |= {"Content-Type": "application/json", "Connection": "close"}
    async with http.post(f"{app.url}/tiktok/webhook", data=body, headers=headers) as response:
        if response.status != 500:  # the framework's own page
            assert await response.read() == b""
        return response.status


def event(app: App, user: EmulatedUser, name: str = "post.publish.complete") -> bytes:
    at = int(app.emulator.clock.now().timestamp())
    content = json.dumps({"publish_id": "p", "reason": 1})
    return json.dumps(
        {
            "client_key": app.emulator.client_key,
            "event": name,
            "create_time": at,
            "user_openid": user.open_id,
            "content": content,
        }
    ).encode()


async def test_a_webhook_is_handled_once_and_answered_with_200(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    body = event(app, user)
    assert [await post(http, app, body) for _ in range(3)] == [200, 200, 200]
    assert [one.name for one in app.seen] == ["post.publish.complete"]


async def test_a_request_that_is_not_from_tiktok_is_refused(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    body = event(app, user)
    assert await post(http, app, body, "t=1,s=" + "0" * 64) == 401
    assert await post(http, app, body, "") == 401
    assert await post(http, app, b'{"client_key":"other","event":"x"}') == 401
    assert await post(http, app, b"x" * (MAX_BODY + 1)) == 401
    assert app.seen == []


async def test_work_that_fails_makes_tiktok_repeat_the_event(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    app.failing = True
    assert await post(http, app, event(app, user)) == 500
    app.failing = False
    assert await post(http, app, event(app, user)) == 200
    assert len(app.seen) == 1


async def test_a_grant_that_is_revoked_in_tiktok_is_removed_by_a_webhook(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    url = await begin(http, app)
    await finish(http, await app.emulator.consent(url, user))
    key = AccountKey(app.emulator.client_key, user.open_id)
    assert await app.store.get(key) is not None
    app.emulator.webhook_url = f"http://127.0.0.1:{app.port}/tiktok/webhook"
    app.emulator.revoke(user)
    await app.emulator.webhooks_sent()
    assert app.emulator.webhooks[-1].delivered
    assert await app.store.get(key) is None


async def test_one_session_is_opened_and_closed_with_the_application(emulator: Emulator) -> None:
    for framework in ("aiohttp", "starlette", "fastapi", "litestar"):
        app = App(framework, emulator)
        async with app.served():
            assert app.opened == 1
            session = app.tiktok.session
        with pytest.raises(ConfigurationError, match="lifespan"):
            app.tiktok.session  # noqa: B018 - the attribute access is tested
        with pytest.raises(Exception, match="closed"):
            await session.oauth.client_token()


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (ReauthorizationRequired("somebody", "revoked"), 401, "login_required"),
        (ScopeNotGranted({"video.list"}, open_id="somebody"), 403, "scope_missing"),
        (RateLimitWaitExceeded(timedelta(seconds=12.5)), 429, "rate_limited"),
        (StoreError("the disk is full"), 503, "store_unavailable"),
        (TransportError("reset", sent=True), 502, "tiktok_failed"),
    ],
)
async def test_an_error_of_a_call_gives_an_answer_that_says_what_to_do(
    app: App, http: aiohttp.ClientSession, error: TikTokError, status: int, word: str
) -> None:
    app.error = error
    async with http.get(f"{app.url}/fail") as response:
        reported = await response.json()
        assert (response.status, reported["error"]) == (status, word)
        assert reported.get("login") == ("/tiktok/login" if status in {401, 403} else None)
        assert response.headers.get("Retry-After") == {429: "13", 503: "5"}.get(status)
        assert "somebody" not in str(reported)


async def test_an_exception_of_the_application_is_not_answered(app: App, http: aiohttp.ClientSession) -> None:
    app.error = ConfigurationError("a wrong argument")
    async with http.get(f"{app.url}/fail") as response:
        assert response.status == 500


async def test_a_browser_without_a_login_is_told_where_to_log_in(app: App, http: aiohttp.ClientSession) -> None:
    status, text, _ = await get(http, f"{app.url}/me")
    assert status == 401
    assert "/tiktok/login" in text


async def test_two_logins_in_one_browser_each_end_at_their_own_target(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    first, second = [await app.emulator.consent(await begin(http, app, f"?next=/{tab}"), user) for tab in "ab"]
    assert await finish(http, second) == "/b"
    assert await finish(http, first) == "/a"
    assert await finish(http, second) == "/b"
    assert (await get(http, f"{app.url}/me"))[:2] == (200, user.open_id)


async def test_a_callback_that_is_fetched_twice_at_once_logs_in(
    app: App, http: aiohttp.ClientSession, user: EmulatedUser
) -> None:
    callback = await app.emulator.consent(await begin(http, app, "?next=/me"), user)
    assert set(await asyncio.gather(finish(http, callback), finish(http, callback))) == {"/me"}
    assert (await get(http, f"{app.url}/me"))[:2] == (200, user.open_id)
    assert app.emulator.logins == {user.open_id: 1}


@pytest.mark.parametrize("framework", [Starlette, FastAPI])
def test_starlette_without_a_session_middleware_gets_an_error_that_names_it(
    framework: type[Starlette], emulator: Emulator
) -> None:
    settings = App("starlette", emulator).settings
    for_starlette.TikTok(**settings).setup(app := framework())
    with TestClient(app) as browser, pytest.raises(ConfigurationError, match="SessionMiddleware"):
        browser.get("/tiktok/login")


async def test_over_https_the_cookie_belongs_to_this_host_alone(
    emulator: Emulator, http: aiohttp.ClientSession
) -> None:
    app = App("aiohttp", emulator)
    app.settings["redirect_uri"] = "https://app.example.com/tiktok/callback/"
    async with app.served(), http.get(f"{app.url}/tiktok/login", allow_redirects=False) as response:
        (cookie,) = response.headers.getall("Set-Cookie")
    assert cookie.startswith("__Host-tiktok_session=")
    assert {"Secure", "Path=/", "HttpOnly"} <= {word.strip() for word in cookie.split(";")}
    assert "domain" not in cookie.lower()


def test_a_weak_cookie_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="16"):
        for_aiohttp.TikTok(cookie_key="short", redirect_uri="https://a.example/cb/", scopes=SCOPES)
