"""The path of every call: limit, token, transport, decoding, retry."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from copy import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from yarl import URL

from tiktok_async._calls.call import Call, Credential, Delivery, Route
from tiktok_async._calls.options import CallOptions
from tiktok_async._calls.rules.endpoints import ENDPOINTS, Auth, EndpointSpec, Repeatable
from tiktok_async._calls.rules.headers import with_callers
from tiktok_async._calls.rules.retry import RetryQuota, retry_delay
from tiktok_async._calls.slots import Slots, release
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._decoding.envelope import Decoded, decode_oauth, decode_rest
from tiktok_async._http.streaming import Opener, Streaming
from tiktok_async._http.transport import StreamedResponse
from tiktok_async.abc import Clock, Permit, RateLimiter, Transport
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
from tiktok_async.models import ClientToken, Endpoint, Limit, RetryPolicy, Token
from tiktok_async.models._http import RawResponse, Request, Response

if TYPE_CHECKING:
    from aiohttp import ClientTimeout
    from tenacity import RetryCallState

    from tiktok_async._calls.events import CallEvents
    from tiktok_async.models import Event


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


def _check_scopes(call: Call, token: Token | ClientToken | None) -> None:
    needed = call.spec.scopes
    if isinstance(token, Token) and needed and token.scopes and needed.isdisjoint(token.scopes):
        raise ScopeNotGranted(needed, open_id=call.open_id, what=call.spec.path)


def _given_up(call: Call, permit: Permit | None, error: BaseException, *, left: bool) -> None:
    """Settle the slot of a call that has no answer, and tell its caller whether it may have arrived."""
    # What may have arrived is repeated only where that does no harm, so what came before does not count. Of our own
    # errors, only one of the network's comes after the first byte.
    in_doubt = left and (not isinstance(error, TikTokError) or (isinstance(error, TransportError) and error.sent))
    if call.delivery is not None:
        call.delivery.in_doubt = in_doubt
    # A call given up in the middle may have arrived: its slot stays taken for a window.
    release(permit, sent=in_doubt)


def _decode(call: Call, raw: RawResponse) -> Decoded:
    spec = call.spec
    if spec.auth is Auth.APP:
        return decode_oauth(raw, endpoint=spec.path)
    return decode_rest(raw, endpoint=spec.path, open_id=call.open_id, trust_ok=spec.trust_ok)


def _call_events(clock: Clock, emit: "Callable[[Event], None]") -> "CallEvents":
    # Without an observer, not even the classes of events are made.
    from tiktok_async._calls.events import CallEvents

    return CallEvents(clock, emit)


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
        emit: "Callable[[Event], None] | None",
    ) -> None:
        self._lifecycle = lifecycle
        self._base = URL(base_url)
        self._policy = retry
        self._quota = RetryQuota()
        self._clock = clock
        self._events = None if emit is None else _call_events(clock, emit)
        self.slots: Slots = Slots(
            limiter=limiter,
            limit_for=limit_for,
            client_key=client_key,
            max_wait=None if max_rate_limit_wait is None else max_rate_limit_wait.total_seconds(),
            clock=clock,
        )
        self._transport = transport
        self._timeout: ClientTimeout | None = None  # of each request; `None` for the transport's own
        self._routes = {endpoint.path: self._route(spec) for endpoint, spec in ENDPOINTS.items()}

    def with_options(self, options: CallOptions) -> "Sender":
        """Return a sender with other settings that shares everything else, the retry quota and the windows too."""
        other = copy(self)
        if options.retry is not None:
            other._policy = options.retry  # noqa: SLF001 - of this class
        if options.max_rate_limit_wait is not None:
            other.slots = copy(self.slots)
            other.slots.max_wait = options.max_rate_limit_wait.total_seconds()
        if options.timeout is not None:
            other._timeout = options.timeout  # noqa: SLF001 - of this class
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
        sent = {} if body is None else {"Content-Type": route.spec.content_type}
        started = self._clock.monotonic()
        return self._run(Call(route.spec, url, sent, body, credential, started=started, kept=kept, delivery=delivery))

    def call_spec(
        self,
        spec: EndpointSpec,
        *,
        credential: Credential | None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Coroutine[Any, Any, Response]:
        """Call the endpoint that *spec* describes, with any parameters, any body and a caller's checked *headers*.

        Raises:
            TikTokError: As for `call`.
        """
        url = self._url(spec.path)
        url = url.update_query(params) if params else url
        own = {} if body is None else {"Content-Type": content_type or spec.content_type}
        sent = with_callers(own, headers)
        return self._run(Call(spec, url, sent, body, credential, started=self._clock.monotonic()))

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
            sent = {"Content-Type": spec.content_type, **(headers or {})}
            started = self._clock.monotonic()
            body = orjson.dumps(json)
            call = Call(spec, self._url(spec.path), sent, body, credential, started=started, streaming=streaming)
            yield streaming.opened(await self._run(call), spec.path)

    async def _run(  # noqa: C901, PLR0912 - one coroutine on purpose
        self, call: Call, token: Token | ClientToken | None = None, *, again: bool = False
    ) -> Response:
        """Send *call* once and return its answer. The first time, go on to what a failure asks for.

        A call that succeeds at once is this one coroutine: each further one that waits with it costs CPU and memory.

        Args:
            call: The call.
            token: What it carries; `None` for the one that its credential has.
            again: Whether this is another try, whose failure is for whoever tries.

        Raises:
            TikTokError: What the limiter, the network, the token manager or the answer raised.
        """
        spec, credential = call.spec, call.credential
        if not again:
            self._lifecycle.check(spec.path, last_work=spec.auth is Auth.APP)
        permit: Permit | None = None
        call.token = None
        request: Request | None = None
        answered = False
        try:
            if token is None and credential is not None:
                token = credential.usable() or await credential.obtain()
            _check_scopes(call, token)
            turn = self.slots.acquire(call)
            if turn is not None:
                permit = await turn
                if permit.waited:
                    self._waited(call, permit.waited)
                    if credential is not None:
                        # A wait may be longer than what was left of the token's life.
                        token = credential.usable() or await credential.obtain()
            call.token = token
            request = _request(call, token, self._timeout)
            call.attempts += 1
            raw = await (self._transport.send(request) if call.streaming is None else call.streaming.send(request))
            answered = True
            if call.delivery is not None:
                # An answer that is not a refusal had its effect, also where it cannot be read.
                call.delivery.in_doubt = True
            if permit is not None:
                permit.done()
            call.status = raw.status
            decoded = _decode(call, raw)
            response = Response(data=decoded.data, log_id=decoded.log_id, status=raw.status, headers=raw.headers)
        except BaseException as error:
            if answered:
                self._refused(call, error)
            else:
                # Cancelled while its connection was being made, a request has not left either.
                _given_up(call, permit, error, left=request is not None and request.begun is not False)
            if again or not isinstance(error, TikTokError):
                raise
            failed = error
        else:
            if not again:
                self._succeeded(call, response)
            return response
        try:
            return await self._recover(call, failed)
        finally:
            del failed  # it holds this frame

    def _succeeded(self, call: Call, response: Response) -> None:
        self._quota.succeeded(call.repeated)
        if self._events is not None:
            self._events.finished(call, response.log_id, None)

    def _waited(self, call: Call, seconds: float) -> None:
        call.waited += seconds
        if self._events is not None:
            self._events.waited(call, seconds)

    def _refused(self, call: Call, error: BaseException) -> None:
        """Note what an answer that is an error says of the call."""
        if not isinstance(error, ApiError):
            return
        if call.delivery is not None:
            call.delivery.in_doubt = isinstance(error, ServerError)
        self.slots.close_window(call, error)
        if isinstance(error, ScopeNotAuthorized) and isinstance(call.token, Token):
            error.missing = error.missing or frozenset(call.spec.scopes - call.token.scopes)

    async def _recover(self, call: Call, error: TikTokError) -> Response:
        """Go on after the first sending of *call* has failed with *error*, and tell how the call ended."""
        try:
            try:
                response = await self._with_another_token(call, error)
            except (ApiError, OAuthError, TransportError) as failure:
                # tenacity is used only after a first failure.
                response = await self._repeat(call, self._judge(call, failure))
        except TikTokError as last:
            if self._events is not None:
                self._events.finished(call, getattr(last, "log_id", None), last)
            raise
        self._succeeded(call, response)
        return response

    async def _with_another_token(self, call: Call, error: TikTokError) -> Response:
        """Send *call* once more if *error* refused its token and there is another one; raise *error* if not."""
        credential, refused = call.credential, call.token
        if not isinstance(error, AccessTokenInvalid) or credential is None or refused is None:
            raise error
        # A 401 is a refusal: the call had no effect, so even an init may be sent again with another token.
        newer = await credential.rejected(refused)
        if newer.access_token == refused.access_token:
            raise error
        return await self._run(call, newer, again=True)

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
        if self._events is not None:
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
                    response = await self._try_again(call)
                except (ApiError, OAuthError, TransportError) as error:
                    raise self._judge(call, error) from error
                return response
        msg = "unreachable: a repeated call ends with an answer or an error"
        raise AssertionError(msg)

    async def _try_again(self, call: Call) -> Response:
        try:
            return await self._run(call, again=True)
        except AccessTokenInvalid as error:
            refused = error
        return await self._with_another_token(call, refused)

    def _route(self, spec: EndpointSpec) -> Route:
        return Route(spec, self._url(spec.path))

    def _url(self, path: str) -> URL:
        return self._base.with_path(self._base.path.rstrip("/") + path, encoded=True)


def _named_wait(state: "RetryCallState") -> float:
    again = state.outcome.exception() if state.outcome is not None else None
    return again.wait if isinstance(again, _Retry) else 0.0
