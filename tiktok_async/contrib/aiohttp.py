"""TikTok in an aiohttp application.

```python
tiktok = TikTok(cookie_key="...", redirect_uri="https://app.example.com/tiktok/callback/", scopes=[...])
tiktok.setup(app := web.Application())
```
"""

import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Unpack

from aiohttp import web
from aiohttp.typedefs import Handler

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.api.account import Account
from tiktok_async.contrib._answers import login_required
from tiktok_async.contrib._backend import Backend, BackendOptions, WebSession
from tiktok_async.contrib._cookie import CookieSigner
from tiktok_async.errors import TikTokError
from tiktok_async.models import Secret
from tiktok_async.webhooks import HEADER

__all__ = ["TikTok"]

_WEB_SESSION = web.RequestKey("tiktok_web_session", WebSession)


class TikTok(Backend):
    """Login, callback, webhooks, and one session for each process of an aiohttp application.

    aiohttp has no web session, so this class keeps its own signed cookie.

    Args:
        cookie_key: Signs the cookie: at least 16 random characters, the same in all processes.
        cookie_name: The cookie's name. `None` means `__Host-tiktok_session` over https (browsers accept that name only
            from this host and only over https), and `tiktok_session` over http.
        cookie_age: How long a browser stays logged in.
        secure_cookie: Whether the cookie is sent over https only; `None` follows the redirect URI.
        **settings: As for `Backend`: `redirect_uri`, `scopes`, `open_session`, `on_event`, `on_login` and the paths.
    """

    def __init__(
        self,
        *,
        cookie_key: str | Secret,
        cookie_name: str | None = None,
        cookie_age: timedelta = timedelta(days=14),
        secure_cookie: bool | None = None,
        **settings: Unpack[BackendOptions],
    ) -> None:
        super().__init__(**settings)
        self._signer = CookieSigner(cookie_key, max_age=cookie_age, clock=SystemClock())
        self._secure = self.on_https if secure_cookie is None else secure_cookie
        self._name = cookie_name or ("__Host-tiktok_session" if self._secure else "tiktok_session")

    def setup(self, app: web.Application) -> None:
        """Add to *app* the session, the cookie, the routes, and answers for errors that a handler raises.

        An error that a handler catches itself gets no such answer. `answer` lists the answers.
        """
        app.cleanup_ctx.append(self._lifespan)
        app.middlewares.append(self._keep_cookie)
        app.middlewares.append(self._answer_errors)
        app.router.add_get(self.login_path, self._login)
        app.router.add_get(self.callback_path, self._callback)
        app.router.add_post(self.webhook_path, self._webhook)

    def web_session(self, request: web.Request) -> WebSession:
        """Return the web session of the browser of *request*; it can hold JSON values."""
        return request[_WEB_SESSION]

    def current(self, request: web.Request) -> Account | None:
        """Return the account that is logged in in the browser of *request*."""
        return self.account(self.web_session(request))

    def required(self, request: web.Request) -> Account:
        """Return the account that is logged in in the browser of *request*.

        Raises:
            HTTPUnauthorized: Nobody is logged in; the body is JSON with the login's path.
        """
        account = self.current(request)
        if account is None:
            told = login_required(self.login_path)
            raise web.HTTPUnauthorized(text=json.dumps(told.body), content_type="application/json")
        return account

    async def _lifespan(self, app: web.Application) -> AsyncGenerator[None, None]:
        del app
        async with self.opened():
            yield

    @web.middleware
    async def _keep_cookie(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        found = self._signer.read(request.cookies.get(self._name))
        request[_WEB_SESSION] = kept = dict(found)
        response = await handler(request)
        if kept != found and not response.prepared:
            age, value = int(self._signer.max_age.total_seconds()), self._signer.write(kept)
            # Lax: a form on another site cannot act for this user.
            response.set_cookie(self._name, value, max_age=age, httponly=True, secure=self._secure, samesite="Lax")
        return response

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except TikTokError as error:
            told = self.answer(error)
            if told is None:
                raise
            return web.json_response(told.body, status=told.status, headers=told.headers)

    async def _login(self, request: web.Request) -> web.StreamResponse:
        return _redirect(self.begin(self.web_session(request), request.query.get("next")))

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        return _redirect(await self.finish(self.web_session(request), request.rel_url.raw_query_string))

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=await self.receive(request.content.iter_any(), request.headers.get(HEADER)))


def _redirect(location: str) -> web.Response:
    # A response, not aiohttp's exception `HTTPSeeOther`: the middleware sets a cookie on it.
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
