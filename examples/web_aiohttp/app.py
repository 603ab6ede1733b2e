"""A site on aiohttp: log in with TikTok, see your profile and videos, post, watch webhooks arrive, disconnect.

    python -m examples.web_aiohttp.app

It reads the app's keys as `TikTokSession.from_env` does; `examples/README.md` shows it with the emulator.
"""

import os

from aiohttp import web

from examples.web_site import pages
from examples.web_site.posting import Draft, Posting
from examples.web_site.site import COOKIE_KEY, HEADERS, REDIRECT_URI, SCOPES, Site, log_in_mini_game
from tiktok_async import OAuthError
from tiktok_async.contrib.aiohttp import TikTok

site = Site()
posting = Posting()
tiktok = TikTok(cookie_key=COOKIE_KEY, redirect_uri=REDIRECT_URI, scopes=SCOPES, on_event=site.on_event)
routes = web.RouteTableDef()


def own_draft(request: web.Request) -> Draft:
    """Return the draft that a request is about."""
    draft = posting.draft(request.match_info["draft_id"], tiktok.required(request))
    if draft is None:
        raise web.HTTPNotFound
    return draft


@routes.get("/")
async def front(request: web.Request) -> web.Response:
    """Show the front page for this visitor."""
    page = await site.page(tiktok.current(request), tiktok.web_session(request), request.query)
    return web.Response(text=page, content_type="text/html", headers=HEADERS)


@routes.get("/events")
async def events(request: web.Request) -> web.Response:
    """Return the newest events, for the page that watches them."""
    account = tiktok.current(request)
    if account is None:
        raise web.HTTPUnauthorized
    return web.Response(text=site.events(account), content_type="text/html", headers=HEADERS)


@routes.get("/post")
async def posting_page(request: web.Request) -> web.Response:
    """Show the posting page."""
    page = await posting.page(tiktok.current(request), request.query)
    return web.Response(text=page, content_type="text/html", headers=HEADERS)


@routes.post("/post/{draft_id}/choices")
async def choose(request: web.Request) -> web.Response:
    """Save the creator's choices so far."""
    return web.json_response(posting.choose(own_draft(request), await request.json()))


@routes.put("/post/{draft_id}/file")
async def take_file(request: web.Request) -> web.Response:
    """Save the file, block by block."""
    blocks = request.content.iter_chunked(65536)
    return web.json_response(await posting.take_file(own_draft(request), request.query["name"], blocks))


@routes.post("/post/{draft_id}")
async def post(request: web.Request) -> web.Response:
    """Post the video."""
    return web.json_response(posting.post(own_draft(request), await request.json()))


@routes.get("/post/{draft_id}")
async def progress(request: web.Request) -> web.Response:
    """Return the post's progress."""
    return web.json_response(own_draft(request).told())


@routes.post("/logout")
async def log_out(request: web.Request) -> web.Response:
    """Log out of this browser; the account stays connected."""
    tiktok.log_out(tiktok.web_session(request))
    return web.Response(status=303, headers={"Location": "/"})


@routes.post("/disconnect")
async def disconnect(request: web.Request) -> web.Response:
    """End the grant at TikTok and delete the token."""
    account = tiktok.current(request)
    if account is not None:
        await account.disconnect()
    tiktok.log_out(tiktok.web_session(request))
    return web.Response(status=303, headers={"Location": "/"})


@routes.post("/minigame/login")
async def mini_game(request: web.Request) -> web.Response:
    """Log in the player of a mini game."""
    try:
        account = await log_in_mini_game(tiktok.session, tiktok.web_session(request), await request.json())
    except OAuthError:
        raise web.HTTPUnauthorized from None
    tiktok.log_in(tiktok.web_session(request), account)
    return web.json_response({"open_id": account.open_id})


@routes.get("/style.css")
async def style(request: web.Request) -> web.Response:
    """Return the style sheet."""
    del request
    return web.Response(text=pages.STYLE, content_type="text/css")


@routes.get("/site.js")
async def script(request: web.Request) -> web.Response:
    """Return the script of the page."""
    del request
    return web.Response(text=pages.SCRIPT, content_type="text/javascript")


@routes.get("/post.js")
async def post_script(request: web.Request) -> web.Response:
    """Return the script of the posting page."""
    del request
    return web.Response(text=pages.POST_SCRIPT, content_type="text/javascript")


def make_app() -> web.Application:
    """Return the application."""
    app = web.Application()
    tiktok.setup(app)
    app.add_routes(routes)
    return app


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    web.run_app(make_app(), host="127.0.0.1", port=port, shutdown_timeout=2, access_log=None)
