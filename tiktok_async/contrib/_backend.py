"""What a web backend does with a session, in any framework: open it, log users in and out, and receive webhooks."""

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
"""The web session of one browser: signed values that the framework keeps."""

_logger = logging.getLogger("tiktok_async.contrib")

# The keys of a browser's session: logins that wait for their callback, logins that finished recently, the current
# account, and all accounts that are logged in.
_PENDING = "tiktok_logins"
_FINISHED = "tiktok_finished"
_USER = "tiktok_open_id"
_USERS = "tiktok_open_ids"

# The session is often a cookie, and browsers accept at most 4,096 bytes for a cookie.
_MOST_PENDING = 5
_MOST_PENDING_LETTERS = 2_000
_MOST_FINISHED = 3
_LONGEST_FINISHED = 200
_MOST_ACCOUNTS = 20
_PENDING_LIFE = timedelta(hours=1)
# How many logins are remembered here. If a browser fetches a callback twice at once, both get the same outcome.
_MOST_OUTCOMES = 1_000
_OUTCOME_LIFE = timedelta(minutes=2)
# Only a path on this site: browsers read `//host`, `/\host` and `/<tab>/host` as another site.
_LOCAL = re.compile(r"/(?!/)[!-\[\]-~]{0,1999}")


def local_path(url: str | None) -> str:
    """Return *url* if it is a path on this site, else `/`. This prevents redirects to other sites."""
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
    """The part of the helpers that depends on no framework; each framework's `TikTok` is a subclass.

    Args:
        open_session: Makes the session, once in each process; `None` is `TikTokSession.from_env`.
        redirect_uri: The app's registered redirect URI; the callback is served at its path.
        scopes: The scopes that a login asks for.
        on_event: Your handler for webhook events, awaited once for each event. If it raises, TikTok repeats the event.
        on_login: Your handler for logins, awaited before the browser counts as logged in. It gets the account and
            the browser's session, and can link the account's open_id to your own user. If it raises, nobody is logged
            in. If a browser fetches its callback twice, the handler runs twice.
        login_path: The path where a login begins; `?next=/path` sets the path where it ends.
        webhook_path: The path to which TikTok posts its events.
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
        """Whether browsers reach this site over https, according to the redirect URI."""
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
        """Hold the session open, from the application's start to its end; if it is already open, change nothing."""
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

        One browser may have several logins under way, in several tabs. Each callback finds its own login by its state.

        Args:
            web: The browser's session; it keeps the state and the PKCE verifier until the callback, for an hour.
            next_url: Where the login should end, a path on this site.
        """
        request = self.session.oauth.authorization(self._redirect_uri, self._scopes)
        verifier = None if request.code_verifier is None else request.code_verifier.reveal()
        at = int(self.session.clock.now().timestamp())
        # The newest come last. Logins that are too old or too many are dropped.
        kept = {state: one for state, one in _pending(web).items() if self._is_fresh(one)}
        kept[request.state] = [verifier, local_path(next_url), at]
        while len(kept) > _MOST_PENDING or (len(kept) > 1 and len(repr(kept)) > _MOST_PENDING_LETTERS):
            del kept[next(iter(kept))]
        web[_PENDING] = kept
        return request.url

    async def finish(self, web: WebSession, query: str) -> str:
        """End a login and return the path to go on at.

        A callback that fails, or that is fetched again, does not change the browser's session: accounts that are
        logged in stay logged in.

        Args:
            web: The browser's session; from now on it holds the account.
            query: The callback's query string.

        Returns:
            The path that was given as `next`; with `tiktok_error=denied`, `expired` or `failed` if the login failed.
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
        """Return the current account of this browser; without I/O, so it may already be disconnected."""
        open_id: Any = web.get(_USER)
        return self.session.account(open_id) if isinstance(open_id, str) and open_id else None

    def accounts(self, web: WebSession) -> list[Account]:
        """Return all accounts that are logged in in this browser, in order of login; `account` is one of them.

        At most 20 are remembered.
        """
        return [self.session.account(open_id) for open_id in _open_ids(web)]

    def select(self, web: WebSession, open_id: str) -> Account | None:
        """Make another account that is logged in in this browser the current one, which `account` returns.

        Returns:
            The account. If it is not logged in in this browser, `None`, and nothing is changed.
        """
        if open_id not in _open_ids(web):
            return None
        web[_USER] = open_id
        return self.session.account(open_id)

    def log_in(self, web: WebSession, account: Account) -> None:
        """Make *account* the current one of this browser, for logins that do not use the callback.

        Other accounts stay logged in. A mini game's server calls this with the account that `session.oauth.exchange`
        returned.
        """
        others = [open_id for open_id in _open_ids(web) if open_id != account.open_id]
        web[_USERS] = [*others, account.open_id][-_MOST_ACCOUNTS:]
        web[_USER] = account.open_id

    def log_out(self, web: WebSession, open_id: str | None = None) -> None:
        """Log out of this browser; the accounts stay connected.

        A cookie that was copied before stays valid until it expires: it says who is logged in, and the server does
        not check it elsewhere. To invalidate copies, keep sessions on the server, or change the key that signs them.

        Args:
            web: The browser's session.
            open_id: Log out only this account; `account` is then the account that logged in last.
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
        """Return the answer to a visitor when a call raised *error*; `None` if the application caused the error.

        The status is 401 with the login's path if the user has to log in, 403 if they did not grant a scope or TikTok
        does not let them post, 429 with `Retry-After` for limits, 503 if the store failed, and 502 if TikTok failed.
        """
        return answer_for(error, login_path=self.login_path)

    def _is_fresh(self, pending: list[Any]) -> bool:
        age = self.session.clock.now().timestamp() - pending[2]
        return bool(age <= _PENDING_LIFE.total_seconds())

    async def _outcome(self, state: str, verifier: str | None, query: str) -> Account:
        """Exchange the code once; later fetches of the same callback get the same outcome.

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
        """Handle a webhook and return the HTTP status to answer with.

        Args:
            body: The request's raw body, as bytes or as a stream.
            signature: Its `TikTok-Signature` header.

        Returns:
            200 for an event that was handled now or before, 401 for a delivery that is not valid, 409 for an event that
            another process is handling, 503 if the store or TikTok failed. TikTok repeats all but the first.
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
    """Return the logins under way in a browser, by state: verifier, path where it ends, time when it began."""
    found: Any = web.get(_PENDING)
    return cast("dict[str, list[Any]]", found) if isinstance(found, dict) else {}


def _finished(web: WebSession) -> dict[str, str]:
    """Return the paths where recently finished logins ended, by state."""
    found: Any = web.get(_FINISHED)
    return cast("dict[str, str]", found) if isinstance(found, dict) else {}


def _open_ids(web: WebSession) -> list[str]:
    found: Any = web.get(_USERS)
    if isinstance(found, list):
        return cast("list[str]", found)
    # A session from an older version, which kept only one account.
    return [web[_USER]] if isinstance(web.get(_USER), str) else []
