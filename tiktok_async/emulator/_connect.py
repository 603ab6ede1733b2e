"""Helpers for tests that use the SDK: a session for the emulator, and a login without a browser."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import EmulatedUser

if TYPE_CHECKING:
    from tiktok_async.api.account import Account
    from tiktok_async.session import TikTokSession

_CALLBACK = "http://127.0.0.1:8914/callback/"
_UPLOAD_HOSTS = ("*.tiktokapis.com", "127.0.0.1", "localhost")


def session(state: State, authorize_url: str, overrides: Mapping[str, Any]) -> "TikTokSession":
    """Return a session that uses the emulator; see `Emulator.session`."""
    from tiktok_async.session import TikTokSession

    settings: dict[str, Any] = {
        "client_key": state.client_key,
        "client_secret": state.client_secret,
        "base_url": state.url,
        "authorize_url": authorize_url,
        "clock": state.clock,
        "upload_hosts": _UPLOAD_HOSTS,
    }
    return TikTokSession(**{**settings, **overrides})


async def consent(url: str, user: EmulatedUser, *, scopes: Iterable[str] | None, deny: bool) -> str:
    """Give or deny consent as a user does in the browser; see `Emulator.consent`."""
    parts = urlsplit(url)
    params = parse_qsl(parts.query, keep_blank_values=True)
    asked = dict(params).get("scope", "").split(",")
    granted = sorted(user.ready_for(scopes) & set(asked))
    form = [*params, ("user", user.open_id), ("decision", "deny" if deny else "allow")]
    form += [("grant", scope) for scope in granted]
    # The URL that the page's form is sent to, even if *url* has no slash at its end.
    page = parts._replace(path=f"{parts.path.rstrip('/')}/", query="", fragment="").geturl()
    async with aiohttp.ClientSession() as browser:
        async with browser.get(url, allow_redirects=False) as question:
            await _no_error(question)
        async with browser.post(page, data=form, allow_redirects=False) as answer:
            await _no_error(answer)
            return answer.headers["Location"]


async def connect(
    state: State, session: "TikTokSession", user: EmulatedUser, scopes: Iterable[str] | None
) -> "Account":
    """Log a user in; see `Emulator.connect`."""
    redirect_uri = _CALLBACK if not state.redirect_uris else state.redirect_uris[0].replace(":*", ":8914")
    request = session.oauth.authorization(redirect_uri, sorted(user.ready_for(scopes)))
    callback = await consent(request.url, user, scopes=scopes, deny=False)
    return await session.oauth.complete(request, callback)


async def _no_error(response: aiohttp.ClientResponse) -> None:
    if not response.ok:
        text = await response.text()
        names = [part.partition("</code>")[0] for part in text.split("<code>")[1:]]
        msg = f"the authorize page refused the request (HTTP {response.status}): {', '.join(names) or text[:200]}"
        raise ValueError(msg)
