"""A site on FastAPI: log in with TikTok, see your profile and videos, post, watch webhooks arrive, disconnect.

    uvicorn examples.web_fastapi.app:app --port 8080

It reads the app's keys as `TikTokSession.from_env` does; `examples/README.md` shows it with the emulator.
"""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

from examples.web_site import pages
from examples.web_site.posting import Draft, Posting
from examples.web_site.site import COOKIE_KEY, HEADERS, REDIRECT_URI, SCOPES, Site, log_in_mini_game
from tiktok_async import Account, OAuthError
from tiktok_async.contrib.starlette import TikTok

site = Site()
posting = Posting()
tiktok = TikTok(redirect_uri=REDIRECT_URI, scopes=SCOPES, on_event=site.on_event)
app = FastAPI(lifespan=tiktok.lifespan, openapi_url=None)
app.add_middleware(SessionMiddleware, secret_key=COOKIE_KEY, https_only=tiktok.on_https)
app.router.routes += tiktok.routes()

Visitor = Annotated[Account | None, Depends(tiktok.current)]
Creator = Annotated[Account, Depends(tiktok.required)]


def own_draft(draft_id: str, creator: Account) -> Draft:
    """Return the draft that a request is about."""
    draft = posting.draft(draft_id, creator)
    if draft is None:
        raise HTTPException(404)
    return draft


@app.get("/")
async def front(request: Request, visitor: Visitor) -> HTMLResponse:
    """Show the front page for this visitor."""
    return HTMLResponse(await site.page(visitor, request.session, request.query_params), headers=HEADERS)


@app.get("/events")
async def events(creator: Creator) -> HTMLResponse:
    """Return the newest events, for the page that watches them."""
    return HTMLResponse(site.events(creator), headers=HEADERS)


@app.get("/post")
async def posting_page(request: Request, visitor: Visitor) -> HTMLResponse:
    """Show the posting page."""
    return HTMLResponse(await posting.page(visitor, request.query_params), headers=HEADERS)


@app.post("/post/{draft_id}/choices")
async def choose(draft_id: str, creator: Creator, sent: dict[str, Any]) -> dict[str, Any]:
    """Save the creator's choices so far."""
    return posting.choose(own_draft(draft_id, creator), sent)


@app.put("/post/{draft_id}/file")
async def take_file(request: Request, draft_id: str, creator: Creator, name: str) -> dict[str, Any]:
    """Save the file, block by block."""
    return await posting.take_file(own_draft(draft_id, creator), name, request.stream())


@app.post("/post/{draft_id}")
async def post(draft_id: str, creator: Creator, sent: dict[str, Any]) -> dict[str, Any]:
    """Post the video."""
    return posting.post(own_draft(draft_id, creator), sent)


@app.get("/post/{draft_id}")
async def progress(draft_id: str, creator: Creator) -> dict[str, Any]:
    """Return the post's progress."""
    return own_draft(draft_id, creator).told()


@app.post("/logout")
async def log_out(request: Request) -> RedirectResponse:
    """Log out of this browser; the account stays connected."""
    tiktok.log_out(request.session)
    return RedirectResponse("/", 303)


@app.post("/disconnect")
async def disconnect(request: Request, visitor: Visitor) -> RedirectResponse:
    """End the grant at TikTok and delete the token."""
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


@app.get("/post.js")
async def post_script() -> Response:
    """Return the script of the posting page."""
    return Response(pages.POST_SCRIPT, media_type="text/javascript")
