"""`tiktok-async login`."""

import asyncio
import sys
import webbrowser
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import Json, note, write_json
from tiktok_async.cli._session import DEFAULTS, Options, opened
from tiktok_async.errors import TikTokError
from tiktok_async.models import Scope

if TYPE_CHECKING:
    from tiktok_async.api.account import Account
    from tiktok_async.models import AuthorizationRequest
    from tiktok_async.session import TikTokSession

_SCOPES = (Scope.USER_INFO_BASIC, Scope.USER_INFO_PROFILE, Scope.USER_INFO_STATS, Scope.VIDEO_LIST)


async def command(
    *,
    scopes: str = ",".join(_SCOPES),
    port: int = 8734,
    redirect_uri: str | None = None,
    paste: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    qr: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    browser: Annotated[bool, Parameter(show_default=False)] = True,
    wait: Annotated[float, Parameter(name="--timeout")] = 300,
    json: Json = False,
    options: Options = DEFAULTS,
) -> None:
    """Log an account in and store its token.

    Without --paste or --qr, TikTok's page opens in the browser, and TikTok redirects the browser to this machine, to
    the redirect URI http://127.0.0.1:PORT/callback/. It must be registered for the app, in TikTok's developer portal.

    Args:
        scopes: The scopes to ask the user for, separated by commas.
        port: The port of 127.0.0.1 for the redirect URI.
        redirect_uri: Another registered redirect URI; one that is not on this machine needs --paste.
        paste: Do not wait for the callback: ask for the URL that the browser shows at the end.
        qr: Draw a QR code here instead, to be scanned with TikTok's app; it needs no redirect URI.
        browser: Open TikTok's page in the browser; its URL is shown in any case.
        wait: The longest wait for the browser or the scan, in seconds.
        json: Write one JSON document: the account and its granted scopes.
        options: The session's options.
    """
    uri = redirect_uri or f"http://127.0.0.1:{port}/callback/"
    async with opened(options) as (session, _):
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        unknown = [scope for scope in wanted if scope not in set(Scope)]
        if unknown:
            note(f"TikTok's pages list no scope {', '.join(unknown)}. The login asks for it anyway.")
        if qr:
            account = await _scan(session, wanted, wait=wait)
        else:
            request = session.oauth.authorization(uri, wanted)
            if paste:
                note(f"Log in here:\n\n  {request.url}\n\nThen paste the URL that the browser shows at the end:")
                callback = sys.stdin.readline().strip()
            else:
                callback = await _browse(request, open_it=browser, wait=wait)
            account = await session.oauth.complete(request, callback)
        token = await account.token()
    if json:
        write_json({"open_id": account.open_id, "scopes": sorted(token.scopes), "expires_at": token.expires_at})
    else:
        note(f"{account.open_id} is logged in and granted {', '.join(sorted(token.scopes))}.")


async def _scan(session: "TikTokSession", scopes: list[str], *, wait: float) -> "Account":
    from tiktok_async.cli._qr import log_in_by_qr

    try:
        async with asyncio.timeout(wait):
            return await log_in_by_qr(session, scopes)
    except TimeoutError:
        msg = f"Nobody scanned and confirmed the code within {wait:g} s."
        raise TikTokError(msg) from None


async def _browse(request: "AuthorizationRequest", *, open_it: bool, wait: float) -> str:
    """Send the user to TikTok's page, and return the query string of the callback."""
    from tiktok_async.cli._callback import callback_server

    # Start the server first: a browser that is logged in may be redirected at once.
    async with callback_server(request.redirect_uri, request.state) as answer:
        note(f"Log in here:\n\n  {request.url}\n")
        if open_it:
            webbrowser.open(request.url)
        try:
            async with asyncio.timeout(wait):
                return await answer
        except TimeoutError:
            msg = f"Nobody came back from TikTok's page within {wait:g} s."
            raise TikTokError(msg) from None
