"""The session: it puts all parts together, and closes the parts that it opened."""

import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from copy import copy
from datetime import timedelta
from functools import cached_property, partial
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

import aiohttp
import orjson

from tiktok_async._calls.options import CallOptions
from tiktok_async._calls.rules.endpoints import BY_PATH, Auth, EndpointSpec, Repeatable
from tiktok_async._calls.rules.headers import check_headers
from tiktok_async._calls.rules.limits import LimitsMapping, limits_for
from tiktok_async._calls.rules.settings import check_address, check_key, check_secret
from tiktok_async._calls.sender import Sender
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async._concurrency.lasting import PATIENCE, LastingTask, outlast
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._http.connection import connection_of
from tiktok_async._http.transport import DEFAULT_TIMEOUT, AiohttpTransport
from tiktok_async._tokens.cache import ROOM
from tiktok_async._tokens.credentials import AccountCredential, ClientCredential
from tiktok_async._tokens.manager import TokenManager
from tiktok_async._tokens.sweep import keep_fresh, refresh_due
from tiktok_async.abc import Clock, NoteStore, RateLimiter, TokenStore, Transport
from tiktok_async.api.runtime import Runtime
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Endpoint, RetryPolicy, Scope, Secret
from tiktok_async.models._arguments import checked
from tiktok_async.models._checks import Checks, Duration
from tiktok_async.models._http import Response

if TYPE_CHECKING:
    # Each area is loaded when it is used for the first time.
    from tiktok_async._calls.call import Credential
    from tiktok_async.api.account import Account
    from tiktok_async.api.oauth.grants import Grants
    from tiktok_async.api.oauth.oauth import OAuth
    from tiktok_async.api.research.research import Research
    from tiktok_async.api.webhook_receiver import WebhookReceiver
    from tiktok_async.models import Event, RefreshReport

BASE_URL = "https://open.tiktokapis.com"
AUTHORIZE_URL = "https://www.tiktok.com/v2/auth/authorize/"
UPLOAD_HOSTS = ("*.tiktokapis.com",)

_DRAIN = timedelta(seconds=10)

_VARIABLES = {
    "client_key": ("TIKTOK_CLIENT_KEY", True),
    "client_secret": ("TIKTOK_CLIENT_SECRET", True),
    "store": ("TIKTOK_TOKEN_STORE", False),
    "limiter": ("TIKTOK_RATE_LIMITER", False),
    "base_url": ("TIKTOK_BASE_URL", False),
    "authorize_url": ("TIKTOK_AUTHORIZE_URL", False),
    "proxy": ("TIKTOK_PROXY", False),
    "ssl": ("TIKTOK_CA_FILE", False),
}


class SessionOptions(TypedDict, total=False):
    """The keywords of `TikTokSession`, for functions that pass them on; they are described there."""

    client_key: str
    client_secret: str | Secret
    store: TokenStore | str
    limiter: RateLimiter | str
    limits: LimitsMapping | None
    max_rate_limit_wait: Duration | None
    refresh_margin: Duration | None
    retry: RetryPolicy
    timeout: aiohttp.ClientTimeout | Duration
    base_url: str
    authorize_url: str
    upload_hosts: tuple[str, ...]
    http: aiohttp.ClientSession | None
    proxy: str | None
    trust_env: bool
    ssl: SSLContext | str | os.PathLike[str] | None
    observer: Callable[["Event"], None] | None
    webhook_secrets: Iterable[str | Secret]
    accounts_at_hand: int
    transport: Transport | Callable[[Transport], Transport] | None
    clock: Clock | None


class TikTokSession:
    """The client of one app: tokens, limits, retries and connections, shared by all calls.

    Open one for each process and event loop, with `async with`; at its end, running refreshes finish first, so that no
    rotated token is lost.

    Args:
        client_key: The app's key.
        client_secret: The app's secret; it is sent only to the OAuth endpoints.
        store: The store of tokens: a `TokenStore`, or a URL such as `sqlite:///tokens.db` or `redis://HOST/0`.
        limiter: The rate limiter: a `RateLimiter`, or `local://`, `redis://HOST/DB` or `none://`.
        limits: Limits that replace the documented ones, by endpoint.
        max_rate_limit_wait: The longest wait for a free slot; a longer one raises `RateLimitWaitExceeded` before
            anything is sent. `None` waits. Lengths of time are timedeltas or numbers of seconds here, as everywhere.
        refresh_margin: How long before its end a token counts as stale and is refreshed in the background; `None`
            takes a tenth of its life, at least 60 s.
        retry: Attempts, backoff and deadline for calls that are safe to repeat.
        timeout: For each API request; a length of time is the total, of which at most 10 s are for connecting. Uploads
            of a video have a timeout of 60 s without progress instead.
        base_url: The address of TikTok's API; in tests, that of the emulator.
        authorize_url: The consent page.
        upload_hosts: The hosts to which chunks may be sent, as names or `*.suffix`, besides that of *base_url*.
        http: A client session of the caller's, which is never closed here. Grants and inits use other connections
            with the settings of its connector.
        proxy: An HTTP proxy for all requests, including uploads: `http://USER:PASSWORD@HOST:PORT`.
        trust_env: Use `HTTPS_PROXY`, `NO_PROXY` and `.netrc`, as many other programs do.
        ssl: The trusted certificates: an `ssl.SSLContext`, or the path of a CA file to trust in addition to the
            system's.
        observer: Gets every event; its errors are logged and have no other effect.
        webhook_secrets: Further accepted secrets of webhooks, while the app's secret is being replaced.
        accounts_at_hand: The number of accounts whose tokens are kept in memory, about a kilobyte each; the others are
            read from the store when they are used.
        transport: Sends every request in place of the session's own transport. Or a function that takes that one and
            returns another, such as a `tiktok_async.testing.RecordingTransport`, which is closed with the session.
        clock: Time, sleep and randomness; for tests.

    Raises:
        ConfigurationError: An argument is invalid, or an extra is missing.

    Example:
        >>> async def main():
        ...     async with TikTokSession(client_key="...", client_secret="...", store="sqlite:///tokens.db") as session:
        ...         async for video in session.account("open-id").videos(limit=20):
        ...             print(video.title)
    """

    def __init__(
        self,
        *,
        client_key: str,
        client_secret: str | Secret,
        store: TokenStore | str = "memory://",
        limiter: RateLimiter | str = "local://",
        limits: LimitsMapping | None = None,
        max_rate_limit_wait: Duration | None = None,
        refresh_margin: Duration | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen, and the reference shows it
        timeout: aiohttp.ClientTimeout | Duration = aiohttp.ClientTimeout(total=30, connect=10),  # noqa: B008 - as above
        base_url: str = BASE_URL,
        authorize_url: str = AUTHORIZE_URL,
        upload_hosts: tuple[str, ...] = UPLOAD_HOSTS,
        http: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        ssl: SSLContext | str | os.PathLike[str] | None = None,
        observer: Callable[["Event"], None] | None = None,
        webhook_secrets: Iterable[str | Secret] = (),
        accounts_at_hand: int = ROOM,
        transport: Transport | Callable[[Transport], Transport] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if client_secret and isinstance(client_secret, str):
            # Wrapped at once, since crash reporters show the variables of every frame.
            client_secret = Secret(client_secret)
        if not client_key or not client_secret:
            msg = "client_key and client_secret are needed; both are on the app's page in the developer portal."
            raise ConfigurationError(msg)
        secret = client_secret
        check_key("client_key", client_key)
        check_secret("client_secret", secret)
        check_address("base_url", base_url, example=BASE_URL, api=True)
        check_address("authorize_url", authorize_url, example=AUTHORIZE_URL)
        checks = Checks()
        margin = checks.duration("refresh_margin", refresh_margin)
        checks.whole("accounts_at_hand", accounts_at_hand, least=1, most=1_000_000_000, optional=False)
        options = CallOptions.of(timeout=timeout, retry=retry, max_rate_limit_wait=max_rate_limit_wait, checks=checks)
        emit = None if observer is None else _harmless(observer)
        self._lifecycle = Lifecycle()
        self._clock: Clock = clock or SystemClock()
        self._client_key = client_key
        self._owned: list[TokenStore | RateLimiter | Transport] = []
        self._store = self._own(_opened_store(store)) if isinstance(store, str) else store
        self._limiter = self._own(_opened_limiter(limiter, self._clock)) if isinstance(limiter, str) else limiter
        connection = connection_of(proxy, trust_env=trust_env, ssl=ssl, http=http)
        self._transport: Transport = self._own(
            AiohttpTransport(
                self._lifecycle, http=http, timeout=options.timeout or DEFAULT_TIMEOUT, connection=connection
            )
        )
        if transport is not None:
            self._transport = self._own(transport(self._transport)) if callable(transport) else transport
        self._sender = Sender(
            self._lifecycle,
            self._transport,
            self._limiter,
            limit_for=limits_for(limits or {}),
            client_key=client_key,
            base_url=base_url,
            retry=retry,
            max_rate_limit_wait=options.max_rate_limit_wait,
            clock=self._clock,
            emit=emit,
        )
        self._secret, self._authorize_url = secret, authorize_url
        grants = self._grants = self._grants_by(self._sender)
        self._tokens = TokenManager(
            client_key=client_key,
            store=self._store,
            clock=self._clock,
            refresh_grant=grants.refresh,
            client_grant=grants.client,
            emit=emit,
            refresh_margin=margin,
            http_timeout=timedelta(seconds=(options.timeout or DEFAULT_TIMEOUT).total or 30),
            check=self._lifecycle.check_loop,
            room=accounts_at_hand,
        )
        self._runtime = Runtime(
            client_key=client_key,
            base_url=base_url,
            upload_hosts=upload_hosts,
            lifecycle=self._lifecycle,
            clock=self._clock,
            store=self._store,
            transport=self._transport,
            sender=self._sender,
            tokens=self._tokens,
            revoke=grants.revoke,
            emit=emit,
            retry=retry,
        )
        self._webhook_secrets = tuple(webhook_secrets)
        if self._webhook_secrets:
            _ = self.webhooks  # checks them at once

    @cached_property
    def oauth(self) -> "OAuth":
        """The login side: authorization URLs, codes, forced refreshes, revocation."""
        from tiktok_async.api.oauth.oauth import OAuth

        return OAuth(self._runtime, self._grants, authorize_url=self._authorize_url, account=self.account)

    @cached_property
    def research(self) -> "Research":
        """The Research API, with the app's own token."""
        from tiktok_async.api.research.research import Research

        return Research(self._runtime, self._limiter)

    @cached_property
    def webhooks(self) -> "WebhookReceiver":
        """What believes TikTok's deliveries and acts on each once."""
        from tiktok_async.api.webhook_receiver import WebhookReceiver

        return WebhookReceiver(
            self._client_key,
            self._secret,
            more_secrets=self._webhook_secrets,
            notes=_notes_of(self._store, self._clock),
            runtime=self._runtime,
            clock=self._clock,
        )

    @classmethod
    def from_env(cls, **overrides: Unpack[SessionOptions]) -> Self:
        """Open a session from `TIKTOK_CLIENT_KEY`, `TIKTOK_CLIENT_SECRET` and further optional variables.

        `TIKTOK_TOKEN_STORE`, `TIKTOK_RATE_LIMITER`, `TIKTOK_BASE_URL`, `TIKTOK_AUTHORIZE_URL` and `TIKTOK_PROXY` set
        the keywords of the same name, and `TIKTOK_CA_FILE` sets `ssl`.

        Args:
            overrides: Keywords of the class, used instead of the environment.

        Raises:
            ConfigurationError: A needed variable is missing; the message names it.
        """
        missing = [
            variable
            for keyword, (variable, needed) in _VARIABLES.items()
            if needed and keyword not in overrides and not os.environ.get(variable)
        ]
        if missing:
            msg = f"Set {' and '.join(missing)} in the environment, or give the keyword."
            raise ConfigurationError(msg)
        found: dict[str, Any] = {
            keyword: os.environ[variable]
            for keyword, (variable, _) in _VARIABLES.items()
            if keyword not in overrides and os.environ.get(variable)
        }
        found.update(overrides)
        secret: str | Secret = found.pop("client_secret")
        if secret and isinstance(secret, str):
            # Crash reporters show the variables of every frame.
            secret = Secret(secret)
        return cls(client_secret=secret, **found)

    def with_options(
        self,
        *,
        timeout: aiohttp.ClientTimeout | Duration | None = None,
        retry: RetryPolicy | None = None,
        max_rate_limit_wait: Duration | None = None,
    ) -> Self:
        """Return this session with other settings for the calls that are made through the returned object.

        It shares everything else with this one, so closing either closes both. A refresh that such a call needs uses
        this session's own settings.

        Args:
            timeout: For each API request, in seconds if it is a number; `None` keeps what is set.
            retry: Attempts, backoff and deadline; `None` keeps what is set.
            max_rate_limit_wait: The longest wait for a free slot; `None` keeps what is set.

        Raises:
            ConfigurationError: A setting is invalid.

        Example:
            >>> async def quota(session):
            ...     return await session.with_options(timeout=5).research.quota()
        """
        options = CallOptions.of(timeout=timeout, retry=retry, max_rate_limit_wait=max_rate_limit_wait)
        other = copy(self)
        runtime = self._runtime.with_options(options)
        sender = runtime.sender
        other._sender, other._runtime, other._grants = sender, runtime, self._grants_by(sender)  # noqa: SLF001 - of this class
        for area in ("oauth", "research"):  # made anew, with these settings
            vars(other).pop(area, None)
        return other

    def _grants_by(self, sender: Sender) -> "Grants":
        from tiktok_async.api.oauth.grants import Grants

        return Grants(sender=sender, client_key=self._client_key, client_secret=self._secret, clock=self._clock)

    async def __aenter__(self) -> Self:
        self._lifecycle.check("TikTokSession")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        # Crash reporters also show a session whose constructor failed.
        return f"TikTokSession(client_key={getattr(self, '_client_key', None)!r})"

    @property
    def client_key(self) -> str:
        """The app's key."""
        return self._client_key

    @property
    def store(self) -> TokenStore:
        """The store of its tokens."""
        return self._store

    @property
    def clock(self) -> Clock:
        """The session's time, sleep and randomness."""
        return self._clock

    def account(self, open_id: str) -> "Account":
        """Return the account *open_id*, without any I/O.

        Raises:
            ConfigurationError: *open_id* is empty or no `str`.
        """
        from tiktok_async.api.account import Account

        return Account(self._runtime, open_id)

    async def accounts(self, *, lacking: Iterable[Scope | str] | None = None) -> "AsyncIterator[Account]":
        """Yield every stored account of this app, in any order.

        Args:
            lacking: Only accounts that did not grant every one of these scopes: those to send through one more login
                when the app asks for more. `None`: all accounts.

        Raises:
            ConfigurationError: *lacking* is a string in place of a list.
            StoreError: The store failed.

        Example:
            >>> async def to_be_asked(session):
            ...     return [account.open_id async for account in session.accounts(lacking={Scope.USER_INFO_STATS})]
        """
        self._lifecycle.check("session.accounts")
        if isinstance(lacking, str):
            msg = "`lacking` is one string. Give a list or a set, such as {Scope.USER_INFO_STATS}."
            raise ConfigurationError(msg)
        if lacking is None:
            from tiktok_async.api.account import Account

            async for key in self._store.keys(self._client_key):
                yield Account(self._runtime, key.open_id)
            return
        from tiktok_async_stores._bulk import get_many, pages

        wanted = frozenset(map(str, lacking))
        async for page in pages(self._store.keys(self._client_key)):
            for token in await get_many(self._store, page):
                if token is not None and not wanted <= token.scopes:
                    yield self.account(token.key.open_id)

    @checked("The request cannot be made")
    async def request(
        self,
        method: str,
        path: str,
        *,
        open_id: str | None = None,
        client: bool = False,
        params: Mapping[str, str] | None = None,
        json: Any = None,  # noqa: ANN401 - any JSON value
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Call any endpoint, documented or not, with tokens, limits, retries and errors.

        An endpoint of the table has its limit and its rules for repeats; any other has no limit and is repeated only if
        it is a GET.

        Args:
            method: The HTTP method.
            path: The path, from `/` on; not a full URL, so that no token can be sent to another host.
            open_id: The account whose token to use.
            client: Use the app's client token instead.
            params: Query parameters.
            json: The body.
            headers: More headers, such as `Idempotency-Key`. They are sent again with each repetition. The library
                sets `Authorization`, `Host` and what says where the body ends; these cannot be given.

        Returns:
            TikTok's answer: `data`, `log_id`, `status`, `headers`.

        Raises:
            ConfigurationError: *path* is not a path, *headers* has an invalid one, or not exactly one of
                *open_id* and *client* is given. Nothing was sent.
            TikTokError: From the call.

        Example:
            >>> async def transcode(session, path, video_id, key):
            ...     headers = {"Idempotency-Key": key}
            ...     return await session.request(
            ...         "POST", path, client=True, json={"video_id": video_id}, headers=headers
            ...     )
        """
        checks = Checks()
        check_headers(checks, headers)
        checks.refuse("The request cannot be made")
        if (open_id is None) is not client:
            msg = "session.request needs exactly one of open_id=... and client=True."
            raise ConfigurationError(msg)
        credential: Credential = (
            ClientCredential(self._tokens.client) if open_id is None else AccountCredential(self._tokens, open_id)
        )
        return await self._sender.call_spec(
            _spec(method.upper(), path),
            credential=credential,
            params=params,
            body=None if json is None else orjson.dumps(json),
            headers=headers,
        )

    @checked("The limit cannot be looked up")
    async def remaining(self, open_id: str, endpoint: Endpoint) -> int | None:
        """Return how many calls of *endpoint* the account could make right now; `None` for no limit.

        Raises:
            StoreError: A shared limiter could not be reached.
        """
        self._lifecycle.check("session.remaining")
        key, limit = self._sender.slots.limit_of(BY_PATH[endpoint.path], open_id)
        return None if limit is None else await self._limiter.remaining(key, limit)

    async def refresh_due(self, within: Duration, *, concurrency: int = 8) -> "RefreshReport":
        """Refresh every account whose access token ends within *within*, the earliest first, once.

        Args:
            within: How far ahead to look.
            concurrency: The number of concurrent refreshes.

        Returns:
            The numbers of refreshed, failed and skipped accounts (held by another worker, or refreshed meanwhile).

        Raises:
            StoreError: The store failed before the sweep could begin.
        """
        self._lifecycle.check("session.refresh_due")
        checks = Checks()
        ahead = checks.duration("within", within)
        checks.whole("concurrency", concurrency, least=1)
        checks.refuse("The accounts cannot be refreshed")
        return await refresh_due(self._tokens, ahead or timedelta(0), concurrency=concurrency)

    def keep_fresh(self, every: Duration = timedelta(minutes=5)) -> AbstractAsyncContextManager[None]:
        """Sweep in the background, inside `async with`, so that tokens are refreshed before they are needed.

        Args:
            every: The time between two sweeps; a fleet shares the work by the store's leases.

        Raises:
            SessionClosed: The session was closed.
            WrongEventLoop: The session belongs to another event loop.
        """
        checks = Checks()
        pause = checks.duration("every", every, positive=True)
        checks.refuse("The accounts cannot be kept fresh")
        check = partial(self._lifecycle.check, "session.keep_fresh")
        return keep_fresh(self._tokens, pause or timedelta(minutes=5), clock=self._clock, check=check)

    async def aclose(self) -> None:
        """Let running refreshes finish (at most 10 s), then close what this session opened; harmless when repeated.

        Raises:
            TokenNotSaved: A rotated token could not be stored; the error holds it. Several are raised as an
                `ExceptionGroup`. All parts are closed even then.
        """
        if self._lifecycle.closing is None:
            self._lifecycle.check_loop()
            # An interrupted close would lose a rotated token; the close has a time limit of its own.
            self._lifecycle.closing = LastingTask(self._close(), patience=_DRAIN.total_seconds() + PATIENCE)
        # A cancel scope of anyio cancels again in every step of the loop.
        await outlast(self._lifecycle.closing)

    async def _close(self) -> None:
        self._lifecycle.draining = True
        async with AsyncExitStack() as last:
            # From the last to the first, also if one of them raises.
            for opened in self._owned:
                last.push_async_callback(opened.aclose)
            last.callback(self._lifecycle.end)
            await self._tokens.aclose(_DRAIN)

    def _own(self, opened: Any) -> Any:  # noqa: ANN401 - gives back what it takes
        self._owned.append(opened)
        return opened


def _harmless(observer: "Callable[[Event], None]") -> "Callable[[Event], None]":
    from tiktok_async._calls.events import safe_observer

    return safe_observer(observer)


def _opened_store(url: str) -> TokenStore:
    from tiktok_async.stores import open_store

    return open_store(url)


def _opened_limiter(url: str, clock: Clock) -> RateLimiter:
    from tiktok_async.stores import open_limiter

    return open_limiter(url, clock=clock)


def _notes_of(store: TokenStore, clock: Clock) -> NoteStore:
    if isinstance(store, NoteStore):
        return store
    # Without notes in the store, each process has notes of its own.
    from tiktok_async.stores import MemoryTokenStore

    return MemoryTokenStore(clock=clock)


def _spec(method: str, path: str) -> EndpointSpec:
    if not path.startswith("/") or path.startswith("//") or "\\" in path or "?" in path or "#" in path:
        msg = (
            "session.request takes a path such as /v2/user/info/, not a full URL or a query; "
            "parameters go into `params`, and the host is that of `base_url`."
        )
        raise ConfigurationError(msg)
    known = BY_PATH.get(path)
    if known is not None and known.method == method and known.auth is not Auth.APP:
        return known
    return EndpointSpec(
        method=method,
        path=path,
        auth=Auth.USER,
        repeatable=Repeatable.ALWAYS if method == "GET" else Repeatable.UNSENT,
    )
