"""What a web backend does with a session, whatever its framework: open, log in, know who is there, take webhooks."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Required, TypedDict, cast
from urllib.parse import parse_qsl, urlsplit

from tiktok_async.api.account import Account
from tiktok_async.contrib._answers import ErrorAnswer, answer_for
from tiktok_async.errors import (
    AuthorizationDenied,
    ConfigurationError,
    EventInProgress,
    StateMismatch,
    TikTokError,
    WebhookError,
)
from tiktok_async.models import AuthorizationRequest, Scope, Secret, WebhookEvent
from tiktok_async.session import TikTokSession
from tiktok_async.webhooks import MAX_BODY

__all__ = ["Backend", "BackendOptions", "WebSession", "local_path"]

WebSession = MutableMapping[str, Any]
"""What a framework keeps for one browser, signed."""

_logger = logging.getLogger("tiktok_async.contrib")

# What a browser's session holds: the logins that wait for their callback, those that were finished lately, the account
# that is logged in, and all that are.
_PENDING = "tiktok_logins"
_FINISHED = "tiktok_finished"
_USER = "tiktok_open_id"
_USERS = "tiktok_open_ids"

# The session is often a cookie, of which browsers keep 4,096 bytes.
_MOST_PENDING = 5
_MOST_PENDING_LETTERS = 2_000
_MOST_FINISHED = 3
_LONGEST_FINISHED = 200
_MOST_ACCOUNTS = 20
_PENDING_LIFE = timedelta(hours=1)
# How many logins are remembered here, so that a callback that is fetched twice at once has one outcome.
_MOST_OUTCOMES = 1_000
_OUTCOME_LIFE = timedelta(minutes=2)
# A path on this site and nothing else: browsers read `//host`, `/\host` and `/<tab>/host` as another site.
_LOCAL = re.compile(r"/(?!/)[!-\[\]-~]{0,1999}")


def local_path(url: str | None) -> str:
    """Return *url* if it is a path on this site; `/` for anything else, so that nobody is sent elsewhere."""
    return url if url is not None and _LOCAL.fullmatch(url) else "/"


class BackendOptions(TypedDict, total=False):
    """The arguments of `Backend`, which each framework's `TikTok` takes as well."""

    open_session: Callable[[], TikTokSession] | None
    redirect_uri: Required[str]
    scopes: Required[Iterable[Scope | str]]
    on_event: Callable[[WebhookEvent], Awaitable[None]] | None
    on_login: Callable[[Account, WebSession], Awaitable[None]] | None
    login_path: str
    webhook_path: str


class Backend:
    """The part of the helpers that knows no framework; each framework's `TikTok` builds on it.

    Args:
        open_session: Makes the session, once in each process; `None` is `TikTokSession.from_env`.
        redirect_uri: The app's registered redirect URI; its path is where the callback is served.
        scopes: What a login asks for.
        on_event: Your own work for a webhook's event, awaited once for each; if it raises, TikTok repeats the event.
        on_login: Your own work for a login, awaited before the browser counts as logged in: it gets the account and
            the browser's session, and can tie the account's open_id to your own user. If it raises, nobody is logged
            in. A browser that fetches its callback twice runs it twice.
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
        on_login: Callable[[Account, WebSession], Awaitable[None]] | None = None,
        login_path: str = "/tiktok/login",
        webhook_path: str = "/tiktok/webhook",
    ) -> None:
        self._open_session = open_session or TikTokSession.from_env
        self._session: TikTokSession | None = None
        self._redirect_uri = redirect_uri
        self._scopes = tuple(scopes)
        self._on_event = on_event
        self._on_login = on_login
        self._outcomes: dict[str, tuple[datetime, asyncio.Future[Account]]] = {}
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
        """Hold the session open, from the application's start to its end; inside itself it changes nothing."""
        if self._session is not None:
            yield self._session
            return
        async with self._open_session() as session:
            self._session = session
            try:
                yield session
            finally:
                self._session = None
                self._outcomes.clear()

    def begin(self, web: WebSession, next_url: str | None) -> str:
        """Begin a login and return the consent page's URL.

        Several may be under way in one browser, in several tabs; each callback finds its own by its state.

        Args:
            web: The browser's session; it keeps the state and the PKCE verifier until the callback, for an hour.
            next_url: Where the login is to end, a path on this site.
        """
        request = self.session.oauth.authorization(self._redirect_uri, self._scopes)
        verifier = None if request.code_verifier is None else request.code_verifier.reveal()
        at = int(self.session.clock.now().timestamp())
        # The newest come last; what is too old or too much goes.
        kept = {state: one for state, one in _pending(web).items() if self._is_fresh(one)}
        kept[request.state] = [verifier, local_path(next_url), at]
        while len(kept) > _MOST_PENDING or (len(kept) > 1 and len(repr(kept)) > _MOST_PENDING_LETTERS):
            del kept[next(iter(kept))]
        web[_PENDING] = kept
        return request.url

    async def finish(self, web: WebSession, query: str) -> str:
        """End a login and return the path to go on at.

        A callback that fails, or that is fetched again, leaves the browser's session as it was, with whoever is
        logged in in it.

        Args:
            web: The browser's session; it knows the account from now on.
            query: The callback's query string.

        Returns:
            What was asked for as `next`; with `tiktok_error=denied`, `expired` or `failed` where there was no login.
        """
        state = dict(parse_qsl(query)).get("state", "")
        kept = _pending(web).get(state)
        if kept is None or not self._is_fresh(kept):
            finished = _finished(web).get(state)
            if finished is not None and self.account(web) is not None:
                return local_path(finished)
            return _ended("/", StateMismatch())
        target = local_path(kept[1])
        try:
            account = await self._outcome(state, kept[0], query)
        except TikTokError as error:
            return _ended(target, error)
        if self._on_login is not None:
            await self._on_login(account, web)
        web[_PENDING] = {other: one for other, one in _pending(web).items() if other != state}
        ends = {**_finished(web), state: target if len(target) <= _LONGEST_FINISHED else "/"}
        web[_FINISHED] = dict(list(ends.items())[-_MOST_FINISHED:])
        self.log_in(web, account)
        return target

    def account(self, web: WebSession) -> Account | None:
        """Return the account that is logged in in this browser; no I/O happens, so it may be disconnected by now."""
        open_id: Any = web.get(_USER)
        return self.session.account(open_id) if isinstance(open_id, str) and open_id else None

    def accounts(self, web: WebSession) -> list[Account]:
        """Return every account that is logged in in this browser, the first to log in first; `account` is one of them.

        At most 20 are remembered.
        """
        return [self.session.account(open_id) for open_id in _open_ids(web)]

    def select(self, web: WebSession, open_id: str) -> Account | None:
        """Let another account that is logged in in this browser be `account`.

        Returns:
            The account; `None`, and nothing is changed, if it is not logged in in this browser.
        """
        if open_id not in _open_ids(web):
            return None
        web[_USER] = open_id
        return self.session.account(open_id)

    def log_in(self, web: WebSession, account: Account) -> None:
        """Let *account* be the one in this browser, beside those that are; for logins that came another way.

        A mini game's server does it with the account that `session.oauth.exchange` returned.
        """
        others = [open_id for open_id in _open_ids(web) if open_id != account.open_id]
        web[_USERS] = [*others, account.open_id][-_MOST_ACCOUNTS:]
        web[_USER] = account.open_id

    def log_out(self, web: WebSession, open_id: str | None = None) -> None:
        """Forget who is logged in in this browser; the accounts stay connected.

        A cookie that was copied before stays good until it ends: it holds who is logged in, and nothing on the server
        is asked. To make copies worthless, keep sessions on the server, or change the key that signs them.

        Args:
            web: The browser's session.
            open_id: Only this account; the one that logged in last is then `account`.
        """
        left = [] if open_id is None else [one for one in _open_ids(web) if one != open_id]
        if not left:
            web.pop(_USER, None)
            web.pop(_USERS, None)
            web.pop(_FINISHED, None)
            return
        web[_USERS] = left
        if web.get(_USER) == open_id:
            web[_USER] = left[-1]

    def answer(self, error: TikTokError) -> ErrorAnswer | None:
        """Return what to answer a visitor when a call raised *error*; `None` if it is a fault of the application.

        401 with the login's path where the user has to log in, 403 for what they did not grant or TikTok does not let
        them post, 429 with `Retry-After`, 503 if the store failed, 502 if TikTok did.
        """
        return answer_for(error, login_path=self.login_path)

    def _is_fresh(self, pending: list[Any]) -> bool:
        age = self.session.clock.now().timestamp() - pending[2]
        return bool(age <= _PENDING_LIFE.total_seconds())

    async def _outcome(self, state: str, verifier: str | None, query: str) -> Account:
        """Exchange the code once: who fetches the callback meanwhile or again shares the outcome.

        Raises:
            TikTokError: The login did not succeed.
        """
        now = self.session.clock.now()
        for other, (at, _) in list(self._outcomes.items()):
            if now - at <= _OUTCOME_LIFE and len(self._outcomes) < _MOST_OUTCOMES:
                break
            del self._outcomes[other]
        if state not in self._outcomes:
            request = AuthorizationRequest(
                url="",
                state=state,
                code_verifier=None if verifier is None else Secret(verifier),
                redirect_uri=self._redirect_uri,
                scopes=tuple(map(str, self._scopes)),
                client_key=self.session.client_key,
            )
            self._outcomes[state] = (now, asyncio.ensure_future(self.session.oauth.complete(request, query)))
        return await asyncio.shield(self._outcomes[state][1])

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


def _ended(target: str, error: TikTokError) -> str:
    if isinstance(error, AuthorizationDenied):
        word = "denied"
    else:
        word = "expired" if isinstance(error, (StateMismatch, ConfigurationError)) else "failed"
    _logger.log(logging.ERROR if word == "failed" else logging.INFO, "A login did not succeed: %s", error)
    return f"{target}{'&' if '?' in target else '?'}tiktok_error={word}"


def _pending(web: WebSession) -> dict[str, list[Any]]:
    """Return the logins under way in a browser: by state, each with its verifier, where it ends and when it began."""
    found: Any = web.get(_PENDING)
    return cast("dict[str, list[Any]]", found) if isinstance(found, dict) else {}


def _finished(web: WebSession) -> dict[str, str]:
    """Return where the logins that were finished lately ended, by state."""
    found: Any = web.get(_FINISHED)
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}


def _open_ids(web: WebSession) -> list[str]:
    found: Any = web.get(_USERS)
    if isinstance(found, list):
        return cast("list[str]", found)
    # A session that was written before there could be several.
    return [web[_USER]] if isinstance(web.get(_USER), str) else []
