"""What a web backend does with a session, whatever its framework: open, log in, know who is there, take webhooks."""

import logging
import re
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from tiktok_async.api.account import Account
from tiktok_async.errors import (
    AuthorizationDenied,
    ConfigurationError,
    EventInProgress,
    StateMismatch,
    TikTokError,
    WebhookError,
)
from tiktok_async.models import AuthorizationRequest, Scope, WebhookEvent
from tiktok_async.session import TikTokSession
from tiktok_async.webhooks import MAX_BODY

__all__ = ["Backend", "WebSession", "local_path"]

WebSession = MutableMapping[str, Any]
"""What a framework keeps for one browser, signed."""

_logger = logging.getLogger("tiktok_async.contrib")

_LOGIN = "tiktok_login"
_USER = "tiktok_open_id"
# A path on this site and nothing else: browsers read `//host`, `/\host` and `/<tab>/host` as another site.
_LOCAL = re.compile(r"/(?!/)[!-\[\]-~]{0,1999}")


def local_path(url: str | None) -> str:
    """Return *url* if it is a path on this site; `/` for anything else, so that nobody is sent elsewhere."""
    return url if url is not None and _LOCAL.fullmatch(url) else "/"


class Backend:
    """The part of the helpers that knows no framework; each framework's `TikTok` builds on it.

    Args:
        open_session: Makes the session, once in each process; `None` is `TikTokSession.from_env`.
        redirect_uri: The app's registered redirect URI; its path is where the callback is served.
        scopes: What a login asks for.
        on_event: Your own work for a webhook's event, awaited once for each; if it raises, TikTok repeats the event.
        login_path: Where a login begins; `?next=/path` is where it ends.
        webhook_path: Where TikTok posts its events.
    """

    def __init__(
        self,
        open_session: Callable[[], TikTokSession] | None = None,
        *,
        redirect_uri: str,
        scopes: Iterable[Scope | str],
        on_event: Callable[[WebhookEvent], Awaitable[None]] | None = None,
        login_path: str = "/tiktok/login",
        webhook_path: str = "/tiktok/webhook",
    ) -> None:
        self._open_session = open_session or TikTokSession.from_env
        self._session: TikTokSession | None = None
        self._redirect_uri = redirect_uri
        self._scopes = tuple(scopes)
        self._on_event = on_event
        self.login_path = login_path
        self.webhook_path = webhook_path
        self.callback_path: str = urlsplit(redirect_uri).path or "/"

    @property
    def on_https(self) -> bool:
        """Whether browsers reach this site over https, as the redirect URI tells."""
        return self._redirect_uri.startswith("https:")

    @property
    def session(self) -> TikTokSession:
        """The session of this process.

        Raises:
            ConfigurationError: The application has not started, or its lifespan lacks this helper's.
        """
        if self._session is None:
            msg = "There is no TikTok session yet: give the application this helper's lifespan (docs/backends.md)."
            raise ConfigurationError(msg)
        return self._session

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[TikTokSession, None]:
        """Hold the session open, from the application's start to its end."""
        async with self._open_session() as session:
            self._session = session
            try:
                yield session
            finally:
                self._session = None

    def begin(self, web: WebSession, next_url: str | None) -> str:
        """Begin a login and return the consent page's URL.

        Args:
            web: The browser's session; it keeps the state and the PKCE verifier until the callback.
            next_url: Where the login is to end, a path on this site.
        """
        request = self.session.oauth.authorization(self._redirect_uri, self._scopes)
        web[_LOGIN] = {"request": request.to_json(), "next": local_path(next_url)}
        return request.url

    async def finish(self, web: WebSession, query: str) -> str:
        """End a login and return the path to go on at.

        Args:
            web: The browser's session; it knows the account from now on.
            query: The callback's query string.

        Returns:
            What was asked for as `next`; with `tiktok_error=denied`, `expired` or `failed` where there was no login.
        """
        kept: Any = web.pop(_LOGIN, None)
        target = "/"
        try:
            if kept is None:
                raise StateMismatch
            target = local_path(kept["next"])
            request = AuthorizationRequest.from_json(kept["request"])
            account = await self.session.oauth.complete(request, query)
        except TikTokError as error:
            word = _word_for(error)
            _logger.log(logging.INFO if word != "failed" else logging.ERROR, "A login did not succeed: %s", error)
            return f"{target}{'&' if '?' in target else '?'}tiktok_error={word}"
        web[_USER] = account.open_id
        return target

    def account(self, web: WebSession) -> Account | None:
        """Return the account that is logged in in this browser; no I/O happens, so it may be disconnected by now."""
        open_id: Any = web.get(_USER)
        return self.session.account(open_id) if isinstance(open_id, str) and open_id else None

    def log_in(self, web: WebSession, account: Account) -> None:
        """Take *account*, which logged in another way, for the one in this browser; as a mini game's server does."""
        web[_USER] = account.open_id

    def log_out(self, web: WebSession) -> None:
        """Forget who is logged in in this browser; the account stays connected."""
        web.pop(_USER, None)

    async def receive(self, body: AsyncIterable[bytes] | bytes, signature: str | None) -> int:
        """Take a webhook and return the HTTP status to answer with.

        Args:
            body: The request's raw body, whole or as it comes in.
            signature: Its `TikTok-Signature` header.

        Returns:
            200 for an event that was handled now or before, 4xx for what is not to be believed, 409 for one that
            another process is at work on, 503 if the store or TikTok failed; TikTok repeats all but the first.
        """
        try:
            event = self.session.webhooks.parse(body if isinstance(body, bytes) else await _read(body), signature)
            await self.session.webhooks.handle(event, self._on_event)
        except EventInProgress:
            return 409
        except WebhookError as error:
            _logger.warning("A webhook was refused: %s", error)
            return 401
        except TikTokError as error:
            _logger.error("A webhook could not be handled, and TikTok will repeat it: %s", error)  # noqa: TRY400 - the message is written to be read alone
            return 503
        return 200


async def _read(chunks: AsyncIterable[bytes]) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise WebhookError(f"It has more than {MAX_BODY} bytes, which no delivery of TikTok's has.")
    return bytes(body)


def _word_for(error: TikTokError) -> str:
    if isinstance(error, AuthorizationDenied):
        return "denied"
    return "expired" if isinstance(error, (StateMismatch, ConfigurationError)) else "failed"
