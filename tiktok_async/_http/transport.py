"""The transport by aiohttp: it sends requests, reads answers to their end, and translates errors.

No aiohttp exception leaves this module: they hold request headers, and with them tokens.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from ssl import SSLContext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from tiktok_async._concurrency.lasting import cancelled_from_outside
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async.errors import ConfigurationError, TikTokError, TransportError
from tiktok_async.models._checks import Checks, Duration
from tiktok_async.models._http import RawResponse, Request

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

__all__ = ["Connector"]


class Connector(aiohttp.TCPConnector):
    """Resets a connection that is released while bytes are still to be sent.

    A closed transport first tries to send its remaining bytes. To a host that has stopped reading it never can, and the
    socket would stay open for ever, even after the session was closed.
    """

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        # There is no public way to the transport of a request that was cancelled before its answer began.
        if should_close and protocol.transport is not None and protocol.transport.get_write_buffer_size():
            protocol.abort()
        super()._release(key, protocol, should_close=should_close)


_CONNECT_SECONDS = 10.0
# Servers keep an idle connection for five seconds and more; one that is used within this has hardly been closed.
_KEPT_SECONDS = 1.0


class _FreshConnector(aiohttp.BaseConnector):
    """Makes a new connection for each request, with the settings of another connector: proxy, TLS, DNS and sockets.

    Args:
        given: The connector of the caller's session; it is not closed here.
        kept: Whether a connection is kept for `_KEPT_SECONDS`.
    """

    def __init__(self, given: aiohttp.BaseConnector, *, kept: bool) -> None:
        super().__init__(**_keeping(kept=kept))
        self._given = given
        # The schemes that aiohttp allows besides http and https, such as `http+unix`.
        self.allowed_protocol_schema_set = given.allowed_protocol_schema_set

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: "list[Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp\'s signature
    ) -> ResponseHandler:
        if self._given.closed:
            raise aiohttp.ClientConnectionError
        # The one method that each subclass of a connector must have.
        return await self._given._create_connection(req, traces, timeout)  # noqa: SLF001 - see above


def _keeping(*, kept: bool) -> dict[str, Any]:
    """Return the keywords of a connector that shares nothing with ordinary calls."""
    return {"keepalive_timeout": _KEPT_SECONDS} if kept else {"force_close": True}


class Connection:
    """The settings of connections when the caller gives no session.

    Attributes:
        proxy: An HTTP proxy, with user and password if it needs them.
        trust_env: Whether `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and `.netrc` are used.
        ssl: The trusted certificates; `None` for the system's.
    """

    __slots__ = ("proxy", "ssl", "trust_env")

    def __init__(self, proxy: URL | None = None, *, trust_env: bool = False, ssl: SSLContext | None = None) -> None:
        self.proxy = proxy
        self.trust_env = trust_env
        self.ssl = ssl


async def _headers_begin(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    del session, params
    context.trace_request_ctx.begun = True


def _watched() -> aiohttp.TraceConfig:
    watch = aiohttp.TraceConfig()
    watch.on_request_headers_sent.append(_headers_begin)
    return watch


DEFAULT_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)

# TikTok's largest answers are a few hundred kilobytes; a far larger one is a decompression bomb or not from TikTok.
_MAX_BODY = 32 * 1024 * 1024


class StreamedResponse:
    """An answer whose body is read in pieces.

    Attributes:
        status: The HTTP status.
        headers: The HTTP response headers.
        pieces: The body.
    """

    __slots__ = ("headers", "pieces", "status")

    def __init__(self, *, status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> None:
        self.status: int = status
        self.headers: Mapping[str, str] = headers
        self.pieces: AsyncIterator[bytes] = pieces


class AiohttpTransport:
    """Sends requests through one `aiohttp.ClientSession`, the caller's or its own.

    Args:
        lifecycle: Says whether calls are allowed.
        http: The caller's session, which is never closed here; `None` opens one on first use.
        timeout: For each request without a stall timeout.
        connection: The settings of connections when the caller gives no session.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        *,
        http: aiohttp.ClientSession | None = None,
        timeout: aiohttp.ClientTimeout = DEFAULT_TIMEOUT,
        connection: Connection | None = None,
    ) -> None:
        self._lifecycle = lifecycle
        self._given = http
        self._pooled = http
        self._single: aiohttp.ClientSession | None = None
        self._refreshing: aiohttp.ClientSession | None = None
        self._timeout = timeout
        self._connection = connection or Connection()

    async def send(self, request: Request) -> RawResponse:
        """Send *request* and read its answer to the end, without following a redirect.

        Raises:
            TransportError: There was no complete answer; `.sent` says whether the request may have arrived.
            SessionClosed: The session was closed.
            WrongEventLoop: The session belongs to another event loop.
        """
        self._lifecycle.check(last_work=True)
        if not request.fresh:
            http = self._pooled or self._open(fresh=False)
        else:
            request.begun = False
            http = (self._refreshing if request.kept else self._single) or self._open(fresh=True, kept=request.kept)
        stripped: TikTokError | asyncio.CancelledError
        try:
            response = await http.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                # aiohttp would send a form body with its secrets to any host that a 307 names.
                allow_redirects=False,
                raise_for_status=False,
                timeout=self._timeout_of(request),
                trace_request_ctx=request,
            )
            try:
                body = await _read(response.content)
            finally:
                # What leaving `async with` does, without two more coroutines.
                response.release()
                if not isinstance(request.body, bytes):
                    await response.wait_for_close()  # an answer may come before the last pieces are sent
            return RawResponse(status=response.status, headers=response.headers, body=body)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - every one of them is translated
            stripped = self._stripped(error, request, sent=request.begun)
        # Outside the handler, so that aiohttp's error is not the context of the new one.
        raise stripped

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncGenerator[StreamedResponse, None]:
        """Send *request* and yield its body in pieces; the connection is closed at the end of the block.

        Raises:
            TransportError: No answer came, or it broke off.
            SessionClosed: The session was closed.
            WrongEventLoop: The session belongs to another event loop.
        """
        self._lifecycle.check(last_work=True)
        response = await self._begin(request)
        try:
            yield StreamedResponse(
                status=response.status, headers=response.headers, pieces=_pieces(response.content, request.url)
            )
        finally:
            # After the end of its body, an answer has already released its connection.
            response.close()

    def _timeout_of(self, request: Request) -> aiohttp.ClientTimeout:
        if request.stall_timeout is not None:
            return _stall(request.stall_timeout)
        return self._timeout if request.timeout is None else request.timeout

    async def aclose(self) -> None:
        """Close what was opened here; the caller's session stays open."""
        every = (self._pooled, self._single, self._refreshing)
        opened = [http for http in every if http is not None and http is not self._given]
        self._pooled = self._single = self._refreshing = None
        for http in opened:
            await http.close()

    async def _begin(self, request: Request) -> aiohttp.ClientResponse:
        http = self._pooled or self._open(fresh=False)
        try:
            return await http.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                raise_for_status=False,
                timeout=_stall(request.stall_timeout or 60.0),
            )
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - every one of them is translated
            stripped = self._stripped(error, request, sent=None)
        raise stripped

    def _stripped(
        self, error: BaseException, request: Request, *, sent: bool | None
    ) -> TikTokError | asyncio.CancelledError:
        """Return the error to raise for *error*, without its frames, whose variables hold secrets in headers and forms.

        Args:
            error: The error of aiohttp.
            request: The request.
            sent: Whether sending had begun; `None` if only the kind of error shows that.
        """
        if isinstance(error, asyncio.CancelledError):
            if cancelled_from_outside():
                return error.with_traceback(None)
            # A helper task of aiohttp was cancelled together with all tasks of the loop.
            error = aiohttp.ClientConnectionError()
        if self._given is not None and self._given.closed:
            return _closed_by_its_owner()
        translated = _translate(error, request.url)
        if sent is False and isinstance(translated, TransportError):
            translated.sent = False
        return translated

    def _open(self, *, fresh: bool, kept: bool = False) -> aiohttp.ClientSession:
        # On a kept-alive connection that the server has just closed, a login or an init would have an unknown outcome.
        # On a new connection that cannot happen. A refresh may have one: its attempt is written down, and is repeated
        # once with care. So refreshes that follow each other share connections.
        given, made = self._given, self._connection
        traces = [_watched()] if fresh else []
        if given is None:
            tls: SSLContext | bool = True if made.ssl is None else made.ssl
            connector = Connector(ssl=tls, **_keeping(kept=kept)) if fresh else Connector(limit=512, ssl=tls)
            http = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=made.trust_env,
                proxy=made.proxy,
                timeout=self._timeout,
                trace_configs=traces,
            )
        else:
            if given.closed or given.connector is None:
                raise _closed_by_its_owner()
            http = aiohttp.ClientSession(
                connector=_FreshConnector(given.connector, kept=kept),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=given.trust_env,
                proxy=given._default_proxy,  # noqa: SLF001 - no public way to it  # pyright: ignore[reportPrivateUsage]  # as said
                proxy_auth=given._default_proxy_auth,  # noqa: SLF001 - as above  # pyright: ignore[reportPrivateUsage]  # as above
                headers=given.headers,
                timeout=self._timeout,
                trace_configs=[*traces, *given.trace_configs],
            )
        # By default aiohttp repeats a GET or a PUT whose connection ended without an answer. The limiter would not
        # count that, and the first half of a chunk may have arrived. There is no public option for it.
        http._retry_connection = False  # noqa: SLF001 - as above  # pyright: ignore[reportPrivateUsage]  # as above
        if kept:
            self._refreshing = http
        elif fresh:
            self._single = http
        else:
            self._pooled = http
        return http


def client_timeout(checks: Checks, value: aiohttp.ClientTimeout | Duration | None) -> aiohttp.ClientTimeout | None:
    """Return the timeout of requests; a length of time is the total, and connecting takes at most 10 s of it."""
    if isinstance(value, aiohttp.ClientTimeout):
        return value
    total = checks.duration("timeout", value, positive=True)
    if total is None:
        return None
    seconds = total.total_seconds()
    return aiohttp.ClientTimeout(total=seconds, connect=min(_CONNECT_SECONDS, seconds))


def _closed_by_its_owner() -> ConfigurationError:
    return ConfigurationError(
        "The aiohttp.ClientSession that was given as `http` is closed. Close it after the TikTokSession that uses it."
    )


def _stall(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=10, sock_read=seconds)


async def _read(content: aiohttp.StreamReader) -> bytes:
    blocks: list[bytes] = []
    try:
        first = await content.readany()
        if content.at_eof():
            return first
        blocks.append(first)
        size = len(first)
        while block := await content.readany():
            size += len(block)
            if size > _MAX_BODY:
                msg = f"the answer is larger than {_MAX_BODY} bytes"
                raise aiohttp.ClientPayloadError(msg)
            blocks.append(block)
    except (aiohttp.ClientError, TimeoutError, OSError):
        body = b"".join((*blocks, *_unread(content)))
        if not _is_whole(body):
            raise
        # Only the chunk encoding around it broke off. It may hold a token that TikTok gives only once.
        return body
    return b"".join(blocks)


def _unread(content: aiohttp.StreamReader) -> Iterable[bytes]:
    # After an error aiohttp returns nothing, not even the bytes that arrived before; there is no public way to them.
    return getattr(content, "_buffer", ())


def _is_whole(body: bytes) -> bool:
    try:
        return type(orjson.loads(body)) is dict
    except orjson.JSONDecodeError:
        return False


async def _pieces(content: aiohttp.StreamReader, url: URL | str) -> AsyncIterator[bytes]:
    translated: TransportError | ConfigurationError | asyncio.CancelledError | None = None
    try:
        while block := await content.readany():
            yield block
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        translated = _translate(error, url)
    except asyncio.CancelledError as error:
        translated = error.with_traceback(None)
    if translated is not None:
        raise translated


def _translate(error: BaseException, url: URL | str) -> TransportError | ConfigurationError:
    """Translate an error of aiohttp by its kind, never with its text, which may hold an address with a token."""
    parsed = url if isinstance(url, URL) else URL(url)
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigurationError("The URL to call is not valid; check `base_url`.")
    what, sent = _kind(error)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        what = f"{what} with HTTP {error.status}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        # OpenSSL's reason, such as "self-signed certificate in certificate chain".
        what = f"{what}: {getattr(error.certificate_error, 'verify_message', 'no reason is known')}"
    return TransportError(f"{what} ({parsed.host})", sent=sent, endpoint=parsed.path)


# Subclasses come before their bases. Each entry says whether the request may have arrived.
_KINDS: tuple[tuple[type[Exception], str, bool], ...] = (
    (aiohttp.ClientProxyConnectionError, "the proxy cannot be reached", False),
    (aiohttp.ClientHttpProxyError, "the proxy refused to connect", False),
    (aiohttp.ClientConnectorCertificateError, "the server's certificate is not trusted", False),
    (aiohttp.ClientConnectorDNSError, "the host name could not be resolved", False),
    (aiohttp.ClientSSLError, "the TLS handshake failed", False),
    (aiohttp.ClientConnectorError, "no connection could be made", False),
    (aiohttp.ConnectionTimeoutError, "no connection in time", False),
    (aiohttp.ServerDisconnectedError, "the server closed the connection without an answer", True),
    (TimeoutError, "no answer in time", True),
    (aiohttp.ClientPayloadError, "the answer broke off", True),
    (OSError, "the connection was reset", True),
    (aiohttp.ClientConnectionError, "the connection was closed", True),
)


def _kind(error: BaseException) -> tuple[str, bool]:
    for kind, what, sent in _KINDS:
        if isinstance(error, kind):
            return what, sent
    if isinstance(error, aiohttp.ClientError):
        return f"the answer was not HTTP ({type(error).__name__})", True
    return f"the request failed ({type(error).__name__})", True
