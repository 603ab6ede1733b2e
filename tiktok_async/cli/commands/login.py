"""`tiktok-async login`."""

import asyncio
import sys
import webbrowser
from typing import Annotated

from cyclopts import Parameter

from tiktok_async.cli._output import Json, note, write_json
from tiktok_async.cli._session import DEFAULTS, Options, opened
from tiktok_async.errors import TikTokError
from tiktok_async.models import Scope

_SCOPES = (Scope.USER_INFO_BASIC, Scope.USER_INFO_PROFILE, Scope.USER_INFO_STATS, Scope.VIDEO_LIST)


async def command(
    *,
    scopes: str = ",".join(_SCOPES),
    port: int = 8734,
    redirect_uri: str | None = None,
    paste: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    browser: Annotated[bool, Parameter(show_default=False)] = True,
    wait: Annotated[float, Parameter(name="--timeout")] = 300,
    json: Json = False,
    options: Options = DEFAULTS,
) -> None:
    """Log an account in and store its token.

    Without --paste, TikTok's page opens in the browser and comes back to this machine, by the redirect URI
    http://127.0.0.1:PORT/callback/. It has to be registered for the app, in TikTok's developer portal.

    Args:
        scopes: What to ask the user for, separated by commas.
        port: The port of 127.0.0.1 to come back to.
        redirect_uri: Another registered redirect URI; one that is not on this machine needs --paste.
        paste: Do not wait for the browser: ask for the address that it ended at.
        browser: Open TikTok's page; its address is shown either way.
        wait: The longest wait for the browser, in seconds.
        json: Write one JSON document: who logged in, and what was granted.
        options: The session's options.
    """
    uri = redirect_uri or f"http://127.0.0.1:{port}/callback/"
    async with opened(options) as (session, _):
        request = session.oauth.authorization(uri, [scope.strip() for scope in scopes.split(",")])
        note(f"Log in here:\n\n  {request.url}\n")
        if browser and not paste:
            webbrowser.open(request.url)
        if paste:
            note("Then paste the address that the browser ended at:")
            callback = sys.stdin.readline().strip()
        else:
            from tiktok_async.cli._callback import wait_for_callback

            try:
                async with asyncio.timeout(wait):
                    callback = await wait_for_callback(uri, request.state)
            except TimeoutError:
                raise TikTokError(f"Nobody came back from TikTok's page within {wait:g} s.") from None
        account = await session.oauth.complete(request, callback)
        token = await account.token()
    if json:
        write_json({"open_id": account.open_id, "scopes": token.scopes, "expires_at": token.expires_at})
    else:
        note(f"{account.open_id} is logged in and granted {', '.join(sorted(token.scopes))}.")
