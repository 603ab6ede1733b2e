"""A site on FastAPI: log in with TikTok, see your profile and videos, watch webhooks arrive, disconnect.

    uvicorn examples.web_fastapi.app:app --port 8080

reads the app's keys as `TikTokSession.from_env` does; `examples/README.md` shows it with the emulator.
"""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

from examples.web_site import pages
from examples.web_site.site import COOKIE_KEY, HEADERS, REDIRECT_URI, SCOPES, Site, log_in_mini_game
from tiktok_async import Account, OAuthError
from tiktok_async.contrib.starlette import TikTok

site = Site()
tiktok = TikTok(redirect_uri=REDIRECT_URI, scopes=SCOPES, on_event=site.on_event)
app = FastAPI(lifespan=tiktok.lifespan, openapi_url=None)
app.add_middleware(SessionMiddleware, secret_key=COOKIE_KEY, https_only=tiktok.on_https)
app.router.routes += tiktok.routes()

Visitor = Annotated[Account | None, Depends(tiktok.current)]
Creator = Annotated[Account, Depends(tiktok.required)]


@app.get("/")
async def front(request: Request, visitor: Visitor) -> HTMLResponse:
    """Show the page of whoever is there."""
    return HTMLResponse(await site.page(visitor, request.session, request.query_params), headers=HEADERS)


@app.get("/events")
async def events(creator: Creator) -> HTMLResponse:
    """Return the newest events, for the page that watches them."""
    return HTMLResponse(site.events(creator), headers=HEADERS)


@app.post("/logout")
async def log_out(request: Request) -> RedirectResponse:
    """Forget who is there; the account stays connected."""
    tiktok.log_out(request.session)
    return RedirectResponse("/", 303)


@app.post("/disconnect")
async def disconnect(request: Request, visitor: Visitor) -> RedirectResponse:
    """End the grant at TikTok and forget the token."""
    if visitor is not None:
        await visitor.disconnect()
    tiktok.log_out(request.session)
    return RedirectResponse("/", 303)


@app.post("/minigame/login")
async def mini_game(request: Request, sent: dict[str, Any]) -> dict[str, str]:
    """Log in the player of a mini game."""
    try:
        account = await log_in_mini_game(tiktok.session, request.session, sent)
    except OAuthError:
        raise HTTPException(401) from None
    tiktok.log_in(request.session, account)
    return {"open_id": account.open_id}


@app.get("/style.css")
async def style() -> Response:
    """Return the style sheet."""
    return Response(pages.STYLE, media_type="text/css")


@app.get("/site.js")
async def script() -> Response:
    """Return the script of the page."""
    return Response(pages.SCRIPT, media_type="text/javascript")
