"""oEmbed: the public data of a post, from TikTok's website."""

import json
from typing import Any, cast
from urllib.parse import urlsplit

from yarl import URL

from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._http.transport import AiohttpTransport
from tiktok_async.abc import Transport
from tiktok_async.errors import ConfigurationError, TransportError
from tiktok_async.models._http import Request, is_success

__all__ = ["oembed"]

_ENDPOINT = "https://www.tiktok.com/oembed"
_HOST = "tiktok.com"


async def oembed(url: str, *, transport: Transport | None = None, endpoint: str = _ENDPOINT) -> dict[str, Any]:
    """Ask TikTok's website for the title, the author and the HTML of a public post or profile.

    This is the one call to a host that is not the API's. It carries neither a token nor a cookie.

    Args:
        url: The address of a post or a profile.
        transport: The transport to use; by default a new connection.
        endpoint: Where to ask.

    Returns:
        What the website answers, such as `title`, `author_name`, `html` and `thumbnail_url`. The HTML is TikTok's.

    Raises:
        ConfigurationError: It is no address at TikTok, or the website knows no such post.
        TransportError: No answer came, or none that can be read.

    Source: https://developers.tiktok.com/doc/embed-videos
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "https" or (host != _HOST and not host.endswith(f".{_HOST}")) or "@" in parts.netloc:
        raise ConfigurationError("oembed needs the https address of a post or profile at tiktok.com.")
    request = Request(
        method="GET", url=URL(endpoint).with_query(url=url), headers={"Accept": "application/json"}, stall_timeout=30.0
    )
    own = None if transport is not None else AiohttpTransport(Lifecycle())
    try:
        response = await (transport or cast("Transport", own)).send(request)
    finally:
        if own is not None:
            await own.aclose()
    if not is_success(response.status):
        if response.status in {400, 404}:
            raise ConfigurationError("TikTok's website knows no such public post or profile.")
        raise TransportError(f"TikTok's website answered {response.status}", sent=True, endpoint="/oembed")
    try:
        found: object = json.loads(response.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TransportError("TikTok's website gave no JSON object", sent=True, endpoint="/oembed")
    return cast("dict[str, Any]", found)
