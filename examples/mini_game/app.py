"""The server of a mini game: silent login, a profile with a placeholder, and consent when the player asks for it.

    python -m examples.mini_game.app

`examples/README.md` shows it with the emulator. In TikTok, the game's page is part of its package, and its requests go
to a trusted domain. Here the server also serves the page, with a replacement for TikTok's SDK.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from tiktok_async import OAuthError, Scope
from tiktok_async.contrib.aiohttp import TikTok

HERE = Path(__file__).parent
PORT = int(os.environ.get("PORT", "8080"))
# The helper needs a redirect URI even if the app has no login page; it is not used.
tiktok = TikTok(
    cookie_key=os.environ.get("COOKIE_KEY", "a key for one machine, of no worth"),
    redirect_uri=f"http://localhost:{PORT}/tiktok/callback/",
    scopes={Scope.USER_INFO_BASIC},
)
routes = web.RouteTableDef()
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src * data:; base-uri 'none'; frame-ancestors 'none'",
}


@routes.post("/api/login")
async def log_in(request: web.Request) -> web.Response:
    """Exchange the code of the silent login; from then on `open_id` identifies the player."""
    sent = await request.json()
    try:
        account = await tiktok.session.oauth.exchange(str(sent.get("code", "")))
    except OAuthError:
        raise web.HTTPUnauthorized from None
    tiktok.log_in(tiktok.web_session(request), account)
    return web.json_response({"open_id": account.open_id})


@routes.get("/api/me")
async def me(request: web.Request) -> web.Response:
    """Return the profile to show; `?fresh`, which the page sends after a consent, asks TikTok again."""
    account = tiktok.required(request)
    user = await account.profile(max_age=0 if "fresh" in request.query else None)
    shared = "user.info.basic" in (await account.token()).scopes
    return web.json_response({"name": user.display_name, "avatar_url": user.avatar_url, "shared": shared})


@routes.post("/stand-in/{step}")
async def stand_in(request: web.Request) -> web.Response:
    """Let the emulator do what TikTok's app does after a tap; a real game has no such route."""
    emulator = os.environ.get("TIKTOK_BASE_URL", "")
    if urlsplit(emulator).hostname not in ("127.0.0.1", "localhost"):
        raise web.HTTPNotFound
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        async with http.get(f"{emulator}/_emulator/") as answer:
            player = (await answer.json())["users"][0]
        body = {"open_id": player["open_id"], "step": request.match_info["step"]}
        async with http.post(f"{emulator}/_emulator/minis", json=body) as answer:
            return web.json_response(await answer.json())


@routes.get("/{name:|style.css|game.js|stand_in.js}")
async def page(request: web.Request) -> web.StreamResponse:
    """Return the game's page and its parts."""
    return web.FileResponse(HERE / (request.match_info["name"] or "index.html"), headers=HEADERS)


def make_app() -> web.Application:
    """Return the application."""
    app = web.Application()
    tiktok.setup(app)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=PORT, shutdown_timeout=2, access_log=None)
