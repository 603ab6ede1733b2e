"""TikTok in a Starlette or FastAPI application.

```python
tiktok = TikTok(redirect_uri="https://app.example.com/tiktok/callback/", scopes=[...])
app = FastAPI(lifespan=tiktok.lifespan)
app.add_middleware(SessionMiddleware, secret_key="...", https_only=True)
app.router.routes += tiktok.routes()


@app.get("/me")
async def me(account: Annotated[Account, Depends(tiktok.required)]): ...
```
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tiktok_async.api.account import Account
from tiktok_async.contrib._backend import Backend
from tiktok_async.session import TikTokSession
from tiktok_async.webhooks import HEADER

__all__ = ["TikTok"]

_NO_STORE = {"Cache-Control": "no-store"}


class TikTok(Backend):
    """Login, callback, webhooks, and one session for each process of a Starlette or FastAPI application.

    Starlette's `SessionMiddleware` has to be there: its signed cookie keeps the login and who is logged in.
    The arguments are those of `Backend`.
    """

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None, None]:
        """Hold the session from start to stop; inside a lifespan of your own, `async with tiktok.opened():` does it."""
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
        return self.account(connection.session)

    def required(self, connection: HTTPConnection) -> Account:
        """Return the account that is logged in in this browser; for `Depends`.

        Raises:
            HTTPException: 401, nobody is.
        """
        account = self.current(connection)
        if account is None:
            raise HTTPException(401, "Log in with TikTok first.")
        return account

    async def _login(self, request: Request) -> Response:
        url = self.begin(request.session, request.query_params.get("next"))
        return RedirectResponse(url, 303, headers=_NO_STORE)

    async def _callback(self, request: Request) -> Response:
        location = await self.finish(request.session, request.url.query)
        return RedirectResponse(location, 303, headers=_NO_STORE)

    async def _webhook(self, request: Request) -> Response:
        return Response(status_code=await self.receive(request.stream(), request.headers.get(HEADER)))
