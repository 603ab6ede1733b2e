"""TikTok in a Litestar application.

```python
tiktok = TikTok(redirect_uri="https://app.example.com/tiktok/callback/", scopes=[...])
app = Litestar(
    [me, *tiktok.routes()],
    lifespan=[tiktok.lifespan],
    exception_handlers=tiktok.exception_handlers(),
    middleware=[CookieBackendConfig(secret=...).middleware],
    dependencies={"account": Provide(tiktok.required, sync_to_thread=False)},
)
```
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import HTTPRouteHandler

from tiktok_async.api.account import Account
from tiktok_async.contrib._answers import login_required
from tiktok_async.contrib._backend import Backend
from tiktok_async.errors import TikTokError
from tiktok_async.session import TikTokSession
from tiktok_async.webhooks import HEADER

__all__ = ["TikTok"]

_Request = Request[Any, Any, Any]


class TikTok(Backend):
    """Login, callback, webhooks, and one session for each process of a Litestar application.

    The application needs a session middleware, such as that of Litestar's `CookieBackendConfig`: it keeps the logins
    under way and who is logged in. The arguments are those of `Backend`.
    """

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncGenerator[None, None]:
        """Hold the session open from the application's start to its stop."""
        del app
        async with self.opened():
            yield

    def connected(self) -> TikTokSession:
        """Return the session of this process; for `Provide`."""
        return self.session

    def current(self, request: _Request) -> Account | None:
        """Return the account that is logged in in this browser, if any; for `Provide`."""
        return self.account(request.session)

    def required(self, request: _Request) -> Account:
        """Return the account that is logged in in this browser; for `Provide`.

        Raises:
            NotAuthorizedException: Nobody is logged in.
        """
        account = self.current(request)
        if account is None:
            told = login_required(self.login_path)
            raise NotAuthorizedException(str(told.body["message"]), extra={"login": self.login_path})
        return account

    def exception_handlers(self) -> dict[int | type[Exception], Callable[[_Request, Any], Response[Any]]]:
        """Return the answers for errors that a call raises; for `Litestar(exception_handlers=...)`."""
        return {TikTokError: self._answer}

    def _answer(self, request: _Request, error: TikTokError) -> Response[Mapping[str, Any]]:
        del request
        told = self.answer(error)
        if told is None:
            raise error
        return Response(told.body, status_code=told.status, headers=dict(told.headers))

    def routes(self) -> list[HTTPRouteHandler]:
        """Return the routes of login, callback and webhook."""

        @get(self.login_path, name="tiktok_login")
        async def login(request: _Request) -> Response[None]:
            return _redirect(self.begin(request.session, request.query_params.get("next")))

        @get(self.callback_path, name="tiktok_callback")
        async def callback(request: _Request) -> Response[None]:
            query: bytes = request.scope["query_string"]
            return _redirect(await self.finish(request.session, query.decode("latin-1")))

        @post(self.webhook_path, name="tiktok_webhook")
        async def webhook(request: _Request) -> Response[bytes]:
            status = await self.receive(request.stream(), request.headers.get(HEADER))
            return Response(b"", status_code=status, media_type="text/plain")

        return [login, callback, webhook]


def _redirect(location: str) -> Response[None]:
    return Response(None, status_code=303, headers={"Location": location, "Cache-Control": "no-store"})
