"""The path of every call: limit, token, transport, decoding, retry."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from copy import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from attrs import evolve
from yarl import URL

from tiktok_async._calls.call import Call, Credential, Delivery, Route
from tiktok_async._calls.events import CallEvents
from tiktok_async._calls.options import CallOptions
from tiktok_async._calls.rules.endpoints import ENDPOINTS, Auth, EndpointSpec, Repeatable
from tiktok_async._calls.rules.retry import RetryQuota, retry_delay
from tiktok_async._calls.slots import Slots, release
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._decoding.envelope import Decoded, decode_oauth, decode_rest
from tiktok_async._http.streaming import Opener, Streaming
from tiktok_async._http.transport import StreamedResponse
from tiktok_async.abc import Clock, RateLimiter, Transport
from tiktok_async.errors import (
    AccessTokenInvalid,
    ApiError,
    OAuthError,
    ScopeNotAuthorized,
    ScopeNotGranted,
    ServerError,
    TikTokError,
    TransportError,
)
from tiktok_async.models import ClientToken, Endpoint, Event, Limit, RetryPolicy, Token
from tiktok_async.models._http import RawResponse, Request, Response

if TYPE_CHECKING:
    from aiohttp import ClientTimeout
    from tenacity import RetryCallState


__all__ = ["Exchange"]


class Exchange:
    """Sends a call once.

    Args:
        transport: Sends requests.
        slots: Acquires slots.
        events: Reports waits.
        timeout: For each request; `None` for the transport's own.
    """

    def __init__(
        self, transport: Transport, slots: Slots, events: CallEvents, timeout: "ClientTimeout | None" = None
    ) -> None:
        self.transport = transport
        self.timeout = timeout
        self._slots = slots
        self._events = events

    async def once(self, call: Call, token: Token | ClientToken | None) -> Response:
        """Send *call* with *token* and return the decoded answer.

        Raises:
            TikTokError: From the limiter, the network or the answer.
        """
        spec = call.spec
        if isinstance(token, Token) and spec.scopes and token.scopes and spec.scopes.isdisjoint(token.scopes):
            raise ScopeNotGranted(spec.scopes, open_id=call.open_id, what=spec.path)
        delivery = call.delivery
        # A request that may have arrived is repeated only where that is harmless, so earlier attempts do not count.
        delivery.in_doubt = False
        permit = await self._slots.acquire(call)
        try:
            if permit is not None and permit.waited:
                self._events.waited(call, permit.waited)
                if call.credential is not None:
                    # The token may have expired during the wait.
                    token = call.credential.usable() or await call.credential.obtain()
            request = _request(call, token, self.timeout)
            call.attempts += 1
            delivery.in_doubt = True
            raw = await (self.transport.send(request) if call.streaming is None else call.streaming.send(request))
        except TikTokError as error:
            # Of this library's errors, only a network error can come after the first byte was sent.
            delivery.in_doubt = delivery.in_doubt and isinstance(error, TransportError) and error.sent
            release(permit, sent=delivery.in_doubt)
            raise
        except BaseException:
            # A cancelled call may have arrived: its slot stays in use for a whole window.
            release(permit, sent=delivery.in_doubt)
            raise
        release(permit, sent=True)
        call.status = raw.status
        try:
            decoded = _decode(call, raw)
        except ApiError as error:
            delivery.in_doubt = isinstance(error, ServerError)
            self._slots.close_window(call, error)
            if isinstance(error, ScopeNotAuthorized) and isinstance(token, Token):
                error.missing = error.missing or frozenset(spec.scopes - token.scopes)
            raise
        return Response(data=decoded.data, log_id=decoded.log_id, status=raw.status, headers=raw.headers)


def _request(call: Call, token: Token | ClientToken | None, timeout: "ClientTimeout | None") -> Request:
    headers = call.headers
    if token is not None:
        headers = {**headers, "Authorization": "Bearer " + token.access_token.reveal()}
    return Request(
        method=call.spec.method,
        url=call.url,
        headers=headers,
        body=call.body,
        timeout=timeout,
        fresh=call.spec.repeatable is Repeatable.UNSENT,
        kept=call.kept,
    )


def _decode(call: Call, raw: RawResponse) -> Decoded:
    spec = call.spec
    if spec.auth is Auth.APP:
        return decode_oauth(raw, endpoint=spec.path)
    return decode_rest(raw, endpoint=spec.path, open_id=call.open_id, trust_ok=spec.trust_ok)


class _Retry(Exception):
    """A failure that is worth another attempt."""

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.wait = wait


class Sender:
    """Sends calls.

    Args:
        lifecycle: Says whether calls are allowed.
        transport: Sends requests.
        limiter: Holds TikTok's limits.
        limit_for: The limit of a row of the endpoint table for an account, or `None`.
        client_key: The app, for the limiter's keys.
        base_url: The address of TikTok's API.
        retry: Attempts, backoff and deadline of calls that are safe to repeat.
        max_rate_limit_wait: The longest wait for a slot; `None` waits as long as it takes.
        clock: Time, sleep and jitter.
        emit: Gets the events; `None` without an observer.

    Attributes:
        slots: Acquires slots.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        transport: Transport,
        limiter: RateLimiter,
        *,
        limit_for: Callable[[EndpointSpec, str], Limit | None],
        client_key: str,
        base_url: str,
        retry: RetryPolicy,
        max_rate_limit_wait: timedelta | None,
        clock: Clock,
        emit: Callable[[Event], None] | None,
    ) -> None:
        self._lifecycle = lifecycle
        self._base = URL(base_url)
        self._policy = retry
        self._quota = RetryQuota()
        self._clock = clock
        self._events = CallEvents(clock, emit)
        self.slots: Slots = Slots(
            limiter=limiter,
            limit_for=limit_for,
            client_key=client_key,
            max_wait=None if max_rate_limit_wait is None else max_rate_limit_wait.total_seconds(),
            clock=clock,
        )
        self._exchange = Exchange(transport, self.slots, self._events)
        self._routes = {endpoint.path: self._route(spec) for endpoint, spec in ENDPOINTS.items()}

    def with_options(self, options: CallOptions) -> "Sender":
        """Return a sender with other settings that shares everything else, the retry quota and the windows too."""
        other = copy(self)
        if options.retry is not None:
            other._policy = options.retry  # noqa: SLF001 - of this class
        if options.max_rate_limit_wait is not None:
            other.slots = evolve(self.slots, max_wait=options.max_rate_limit_wait.total_seconds())
        timeout = self._exchange.timeout if options.timeout is None else options.timeout
        other._exchange = Exchange(  # noqa: SLF001 - of this class
            self._exchange.transport, other.slots, self._events, timeout
        )
        return other

    # These are plain functions that return one coroutine: each further coroutine in a call costs CPU and memory.

    def call(
        self,
        endpoint: Endpoint,
        *,
        credential: Credential | None = None,
        fields: str | None = None,
        json: Any = None,  # noqa: ANN401 - any JSON value
        form: Mapping[str, str] | None = None,
        delivery: Delivery | None = None,
        kept: bool = False,
    ) -> Coroutine[Any, Any, Response]:
        """Call *endpoint* and return TikTok's decoded answer.

        Args:
            endpoint: The endpoint.
            credential: Gives the token; `None` for a call without one.
            fields: The `fields` query parameter.
            json: The body, as JSON.
            form: The body, as a form.
            delivery: Reports whether the call may have had an effect.
            kept: Whether the connection may be kept for the next such call; otherwise the endpoint's rule holds.

        Raises:
            TikTokError: From the answer, the network, the limiter or the token manager.
        """
        route = self._routes[endpoint.path]
        url = route.url if fields is None else route.with_fields(fields)
        body = None if json is None else orjson.dumps(json)
        if form is not None:
            body = urlencode(form).encode()
        call = self._call(route.spec, url, body, credential)
        if delivery is not None:
            call.delivery = delivery
        call.kept = kept
        return self._run(call)

    def call_spec(
        self,
        spec: EndpointSpec,
        *,
        credential: Credential | None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
    ) -> Coroutine[Any, Any, Response]:
        """Call the endpoint that *spec* describes, with any parameters and any body.

        Raises:
            TikTokError: As for `call`.
        """
        url = self._url(spec.path)
        url = url.update_query(params) if params else url
        return self._run(self._call(spec, url, body, credential, content_type=content_type))

    @asynccontextmanager
    async def stream(
        self,
        endpoint: Endpoint,
        opener: Opener,
        *,
        credential: Credential,
        json: Any,  # noqa: ANN401 - any JSON value
        headers: Mapping[str, str] | None = None,
        stall_timeout: float = 60.0,
    ) -> AsyncGenerator[StreamedResponse, None]:
        """Call *endpoint*, whose answer is a file, and yield the file in pieces.

        It works as every other call until the file begins. If the file breaks off, the caller has to continue it.

        Args:
            endpoint: The endpoint.
            opener: Opens the answer.
            credential: Gives the token.
            json: The body.
            headers: Others to send, such as `Range`.
            stall_timeout: Seconds without a byte after which the connection counts as lost.

        Raises:
            TikTokError: As for `call`.
        """
        spec = self._routes[endpoint.path].spec
        async with Streaming(opener, stall_timeout=stall_timeout) as streaming:
            call = self._call(spec, self._url(spec.path), orjson.dumps(json), credential, headers=headers)
            call.streaming = streaming
            yield streaming.opened(await self._run(call), spec.path)

    def _call(
        self,
        spec: EndpointSpec,
        url: URL,
        body: bytes | None,
        credential: Credential | None,
        *,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        sent = {} if body is None else {"Content-Type": content_type or spec.content_type}
        if headers:
            sent.update(headers)
        open_id = None if credential is None else credential.open_id
        return Call(spec, url, sent, body, credential, open_id, self._clock.monotonic())

    async def _run(self, call: Call) -> Response:
        self._lifecycle.check(call.spec.path, last_work=call.spec.auth is Auth.APP)
        try:
            try:
                response = await self._attempt(call)
                self._quota.succeeded()
            except (ApiError, OAuthError, TransportError) as error:
                # tenacity is used only after a first failure.
                response = await self._repeat(call, self._judge(call, error))
        except TikTokError as error:
            self._events.finished(call, getattr(error, "log_id", None), error)
            raise
        self._events.finished(call, response.log_id, None)
        return response

    async def _attempt(self, call: Call) -> Response:
        """Send once; once more if TikTok refuses the token and there is another one."""
        credential = call.credential
        if credential is None:
            return await self._exchange.once(call, None)
        token = credential.usable() or await credential.obtain()
        try:
            return await self._exchange.once(call, token)
        except AccessTokenInvalid as error:
            refused = error
        # A 401 is a refusal: the call had no effect, so even an init may be sent again with another token.
        newer = await credential.rejected(token)
        if newer.access_token == token.access_token:
            raise refused
        return await self._exchange.once(call, newer)

    def _judge(self, call: Call, error: TikTokError) -> _Retry:
        """Return a `_Retry`, or raise *error* if the call is not repeated."""
        wait = retry_delay(
            call.spec,
            error,
            attempt=call.attempts,
            policy=self._policy,
            elapsed=self._clock.monotonic() - call.started,
            jitter=self._clock.random(),
        )
        if wait is None or self.slots.too_long(error) or not self._quota.spend(error):
            raise error
        call.repeated = error
        self._events.retrying(call, error, wait)
        return _Retry(wait)

    async def _repeat(self, call: Call, first: _Retry) -> Response:
        """Repeat the call as long as `_judge` returns a `_Retry`, after the wait that it names."""
        # Imported only when a call has failed.
        from tenacity import AsyncRetrying, retry_if_exception_type

        async for attempt in AsyncRetrying(
            sleep=self._clock.sleep, wait=_named_wait, retry=retry_if_exception_type(_Retry), reraise=True
        ):
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise first
                try:
                    response = await self._attempt(call)
                except (ApiError, OAuthError, TransportError) as error:
                    raise self._judge(call, error) from error
                self._quota.succeeded(call.repeated)
                return response
        msg = "unreachable: a repeated call ends with an answer or an error"
        raise AssertionError(msg)

    def _route(self, spec: EndpointSpec) -> Route:
        return Route(spec, self._url(spec.path), {})

    def _url(self, path: str) -> URL:
        return self._base.with_path(self._base.path.rstrip("/") + path, encoded=True)


def _named_wait(state: "RetryCallState") -> float:
    again = state.outcome.exception() if state.outcome is not None else None
    return again.wait if isinstance(again, _Retry) else 0.0
