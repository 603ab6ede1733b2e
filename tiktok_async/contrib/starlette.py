"""TikTok in a Starlette or FastAPI application.

```python
tiktok = TikTok(redirect_uri="https://app.example.com/tiktok/callback/", scopes=[...])
app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key="...", https_only=True)
tiktok.setup(app)


@app.get("/me")
async def me(account: Annotated[Account, Depends(tiktok.required)]): ...
```
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tiktok_async.api.account import Account
from tiktok_async.contrib._answers import ErrorAnswer, login_required
from tiktok_async.contrib._backend import Backend, WebSession
from tiktok_async.errors import ConfigurationError, TikTokError
from tiktok_async.session import TikTokSession
from tiktok_async.webhooks import HEADER

__all__ = ["LoginRequired", "TikTok"]

_NO_STORE = {"Cache-Control": "no-store"}


class LoginRequired(HTTPException):
    """Nobody is logged in in this browser: HTTP 401.

    Attributes:
        answer: The answer that `TikTok.setup` gives. Without `setup`, Starlette and FastAPI answer in their own form.
    """

    def __init__(self, login_path: str) -> None:
        self.answer: ErrorAnswer = login_required(login_path)
        super().__init__(self.answer.status, str(self.answer.body["message"]))


class TikTok(Backend):
    """Login, callback, webhooks, and one session for each process of a Starlette or FastAPI application.

    The application needs Starlette's `SessionMiddleware`: its signed cookie keeps the logins under way and who is
    logged in. The arguments are those of `Backend`.
    """

    def setup(self, app: Starlette) -> None:
        """Add to *app* the routes, the session from its start to its end, and answers for errors that a call raises.

        An error that a route catches itself gets no such answer. `answer` lists the answers. If *app* has a lifespan,
        it stays and runs inside the session's.
        """
        own = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(application: Starlette) -> AsyncGenerator[Any, None]:
            async with self.opened(), own(application) as state:
                yield state

        app.router.lifespan_context = lifespan
        app.router.routes += self.routes()
        for kind, handler in self.exception_handlers().items():
            app.add_exception_handler(kind, handler)

    def exception_handlers(self) -> dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]:
        """Return the answers for errors that a call raises, by their class; for `FastAPI(exception_handlers=...)`."""
        return {TikTokError: self._answer, LoginRequired: self._answer}

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None, None]:
        """Hold the session open from start to stop; in your own lifespan, use `async with tiktok.opened():`."""
        del app
        async with self.opened():
            yield

    def routes(self) -> list[Route]:
        """Return the routes of login, callback and webhook."""
        return [
            Route(self.login_path, self._login, methods=["GET"]),
            Route(self.callback_path, self._callback, methods=["GET"]),
            Route(self.webhook_path, self._webhook, methods=["POST"]),
        ]

    def connected(self) -> TikTokSession:
        """Return the session of this process; for FastAPI's `Depends`."""
        return self.session

    def current(self, connection: HTTPConnection) -> Account | None:
        """Return the account that is logged in in this browser, if any; for `Depends`."""
        return self.account(self.web_session(connection))

    def required(self, connection: HTTPConnection) -> Account:
        """Return the account that is logged in in this browser; for `Depends`.

        Raises:
            LoginRequired: Nobody is logged in; HTTP 401.
        """
        account = self.current(connection)
        if account is None:
            raise LoginRequired(self.login_path)
        return account

    def web_session(self, connection: HTTPConnection) -> WebSession:
        """Return the web session of this browser; it can hold JSON values.

        Raises:
            ConfigurationError: The application lacks a session middleware.
        """
        if "session" not in connection.scope:
            msg = (
                "The application has no session middleware, which keeps who is logged in. Add Starlette's: "
                'app.add_middleware(SessionMiddleware, secret_key="...", https_only=True), from '
                "starlette.middleware.sessions; it needs the package itsdangerous."
            )
            raise ConfigurationError(msg)
        return connection.session

    async def _answer(self, request: Request, error: Exception) -> Response:
        del request
        told = error.answer if isinstance(error, LoginRequired) else None
        if isinstance(error, TikTokError):
            told = self.answer(error)
        if told is None:
            raise error
        return JSONResponse(told.body, told.status, told.headers)

    async def _login(self, request: Request) -> Response:
        url = self.begin(self.web_session(request), request.query_params.get("next"))
        return RedirectResponse(url, 303, headers=_NO_STORE)

    async def _callback(self, request: Request) -> Response:
        location = await self.finish(self.web_session(request), request.url.query)
        return RedirectResponse(location, 303, headers=_NO_STORE)

    async def _webhook(self, request: Request) -> Response:
        return Response(status_code=await self.receive(request.stream(), request.headers.get(HEADER)))
