"""The local server that receives the callback of one login, on the loopback address."""

import asyncio
import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from tiktok_async.errors import ConfigurationError

_PAGE = """<!doctype html><meta charset="utf-8"><title>tiktok-async</title>
<body style="font: 18px system-ui; margin: 20vh auto; max-width: 30em; text-align: center">
<h1>{title}</h1><p>{text}</p>"""


@asynccontextmanager
async def callback_server(redirect_uri: str, state: str) -> AsyncGenerator[asyncio.Future[str]]:
    """Serve *redirect_uri* inside `async with`, until the browser sends the callback of one login.

    Args:
        redirect_uri: `http://127.0.0.1:PORT/PATH`; the server listens only on this port of the loopback address.
        state: The login's state. A request with another state is refused and does not end the login, so other pages
            cannot end it by calling this server.

    Yields:
        A future for the callback's query string.

    Raises:
        ConfigurationError: The port is in use.
    """
    uri = urlsplit(redirect_uri)
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handle(request: web.Request) -> web.Response:
        query = request.rel_url.raw_query_string
        theirs = parse_qs(query).get("state", [""])[-1]
        if not hmac.compare_digest(theirs.encode(), state.encode()):
            return _page(400, "Not this login", "The state is not the one this login began with.")
        if not answer.done():
            answer.set_result(query)
        return _page(200, "Thank you", "You can close this page and go back to the terminal.")

    app = web.Application()
    app.router.add_get(uri.path or "/", handle)
    # No access log: the callback's URL contains the code.
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "127.0.0.1", uri.port).start()
        except OSError:
            msg = f"Port {uri.port} of 127.0.0.1 is taken. Choose another one with --port and register it."
            raise ConfigurationError(msg) from None
        yield answer
    finally:
        await runner.cleanup()


def _page(status: int, title: str, text: str) -> web.Response:
    return web.Response(
        status=status,
        text=_PAGE.format(title=title, text=text),
        content_type="text/html",
        # The URL of this page contains the code: do not send it to other sites, and do not cache it.
        headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
    )
