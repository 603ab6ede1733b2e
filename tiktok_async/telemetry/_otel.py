"""Events as OpenTelemetry's spans and metrics.

Names follow the HTTP semantic conventions: https://opentelemetry.io/docs/specs/semconv/http/
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from attrs import frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import (
    ChunkUploaded,
    Endpoint,
    Event,
    PublishChanged,
    RateLimitWaited,
    ReauthorizationNeeded,
    RequestFinished,
    Retrying,
    TokenRefreshed,
    TokenRefreshFailed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import Histogram, MeterProvider
    from opentelemetry.trace import TracerProvider

_NAME = "tiktok_async"
_BASE_URL = "https://open.tiktokapis.com"
# Any path may be called. Metrics tell apart only the paths of the table, which are few.
_KNOWN = frozenset(endpoint.path for endpoint in Endpoint)
_OTHER = "_OTHER"
# https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ plus larger bounds for waits of a minute's window.
# The SDK's own bounds are for milliseconds: all calls would be in its first bucket.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60)


@frozen(slots=True)
class _Kind:
    """What calls to the same endpoint with the same result have in common.

    Attributes:
        name: The name of their spans.
        measured: The attributes of their measurements. Each one costs, so what a session's calls all share is left out.
        attributes: The attributes of their spans.
    """

    name: str
    measured: dict[str, Any]
    attributes: dict[str, Any]


class OpenTelemetryObserver:
    """Turns events into one span a call, and into metrics. It needs only the API: `pip install "tiktok-async[otel]"`.

    A span covers the call from its beginning to its end, including waits and retries, which are its span
    events. It is a child of the span that is current when the call is made. There is no query, header or body in it.

    Metrics: `tiktok.call.duration` (s; its count is the number of calls), `tiktok.call.retries`,
    `tiktok.rate_limit.wait` (s), `tiktok.token.refresh.duration` (s), `tiktok.token.refresh.failures`,
    `tiktok.reauthorizations`, `tiktok.upload.bytes` (By), `tiktok.publish.changes`. They do not name accounts.

    Args:
        base_url: The session's base URL, for `server.address`.
        tracer_provider: Gets the spans; `None` takes the global one.
        meter_provider: Gets the metrics; `None` takes the global one.

    Raises:
        ConfigurationError: The extra is missing.
    """

    def __init__(
        self,
        *,
        base_url: str = _BASE_URL,
        tracer_provider: "TracerProvider | None" = None,
        meter_provider: "MeterProvider | None" = None,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            msg = 'OpenTelemetryObserver needs OpenTelemetry\'s API: pip install "tiktok-async[otel]"'
            raise ConfigurationError(msg) from None
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
        self._client = trace.SpanKind.CLIENT
        self._error = trace.StatusCode.ERROR
        meter = metrics.get_meter(_NAME, meter_provider=meter_provider)

        def seconds(name: str, description: str) -> "Histogram":
            return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=_SECONDS)

        self._calls = seconds("tiktok.call.duration", "Calls, waits and repetitions included")
        self._retries = meter.create_counter("tiktok.call.retries", "{retry}", "Attempts that are to be repeated")
        self._waits = seconds("tiktok.rate_limit.wait", "Waits for a free slot")
        self._refreshes = seconds("tiktok.token.refresh.duration", "Rotations that were stored")
        self._failures = meter.create_counter("tiktok.token.refresh.failures", "{failure}", "Rotations that failed")
        self._logins = meter.create_counter("tiktok.reauthorizations", "{account}", "Accounts that must log in again")
        self._bytes = meter.create_counter("tiktok.upload.bytes", "By", "Video bytes that TikTok has acknowledged")
        self._changes = meter.create_counter("tiktok.publish.changes", "{change}", "Changes of a post's state")
        url = urlsplit(base_url)
        self._base_url = base_url.rstrip("/")
        port = url.port or (80 if url.scheme == "http" else 443)
        self._server = {"server.address": url.hostname or base_url, "server.port": port}
        # What happened within an unfinished call. One task makes one call at a time.
        self._within: WeakKeyDictionary[asyncio.Task[Any], list[Retrying | RateLimitWaited]] = WeakKeyDictionary()
        self._kinds: dict[tuple[str, str, int | None, str | None], _Kind] = {}
        self._take: dict[type[Event], Callable[[Any], None]] = {
            RequestFinished: self._finished,
            Retrying: self._retrying,
            RateLimitWaited: self._waited,
            TokenRefreshed: self._refreshed,
            TokenRefreshFailed: self._failed,
            ReauthorizationNeeded: self._needed,
            ChunkUploaded: self._chunk,
            PublishChanged: self._changed,
        }

    def __call__(self, event: Event) -> None:
        """Record *event*."""
        take = self._take.get(type(event))
        if take is not None:
            take(event)

    def _finished(self, event: RequestFinished) -> None:
        key = event.method, event.endpoint, event.status, event.error
        kind = self._kinds.get(key) or self._new_kind(event)
        self._calls.record(event.duration.total_seconds(), kind.measured)
        ended = _nanoseconds(event.at)
        span = self._tracer.start_span(
            kind.name,
            kind=self._client,
            # All at once: the SDK checks and locks each time attributes are set.
            attributes=kind.attributes | _own(event),
            start_time=ended - event.duration // _MICROSECOND * 1000,
            record_exception=False,
        )
        news = self._happened(event) if self._within else ()
        # Without an SDK, and for calls that are not sampled, nothing more is needed.
        if span.is_recording():
            for one in news:
                happened = "retry" if isinstance(one, Retrying) else "rate_limit.wait"
                span.add_event(happened, _told(one), _nanoseconds(one.at))
            if event.error is not None:
                span.set_status(self._error, event.code or event.error)
        span.end(ended)

    def _new_kind(self, event: RequestFinished) -> _Kind:
        template = _template(event.endpoint)
        measured: dict[str, Any] = {"http.request.method": event.method, "url.template": template}
        if event.status is not None:
            measured["http.response.status_code"] = event.status
        if event.error is not None:
            measured["error.type"] = event.error
        attributes = {**measured, **self._server, "url.full": self._base_url + event.endpoint}
        kind = _Kind(f"{event.method} {template}", measured, attributes)
        if template is not _OTHER:
            self._kinds[event.method, event.endpoint, event.status, event.error] = kind
        return kind

    def _happened(self, event: RequestFinished) -> list[Retrying | RateLimitWaited]:
        """Return this task's events during the call. Older ones belong to a cancelled call."""
        began = event.at - event.duration
        task = asyncio.current_task()
        news = [] if task is None else self._within.pop(task, [])
        return [one for one in news if one.endpoint == event.endpoint and one.at >= began]

    def _remember(self, event: Retrying | RateLimitWaited) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._within.setdefault(task, []).append(event)

    def _retrying(self, event: Retrying) -> None:
        self._retries.add(1, {"url.template": _template(event.endpoint), "error.type": event.error})
        self._remember(event)

    def _waited(self, event: RateLimitWaited) -> None:
        self._waits.record(event.wait.total_seconds(), {"url.template": _template(event.endpoint)})
        self._remember(event)

    def _refreshed(self, event: TokenRefreshed) -> None:
        self._refreshes.record(event.duration.total_seconds(), {"tiktok.background": event.background})

    def _failed(self, event: TokenRefreshFailed) -> None:
        self._failures.add(1, {"error.type": event.error, "tiktok.unsaved": event.unsaved})

    def _needed(self, event: ReauthorizationNeeded) -> None:
        self._logins.add(1, {"tiktok.reason": event.reason})

    def _chunk(self, event: ChunkUploaded) -> None:
        self._bytes.add(event.size)
        attributes: dict[str, Any] = {
            "tiktok.publish_id": event.publish_id,
            "tiktok.chunk": event.chunk,
            "tiktok.chunks": event.chunks,
            "tiktok.bytes": event.size,
            "http.request.resend_count": event.attempts - 1,
        }
        began = _nanoseconds(event.at - event.duration)
        span = self._tracer.start_span("upload chunk", kind=self._client, attributes=attributes, start_time=began)
        span.end(_nanoseconds(event.at))

    def _changed(self, event: PublishChanged) -> None:
        self._changes.add(1, {"tiktok.state": event.state, "tiktok.fail_reason": event.fail_reason or ""})


def _template(path: str) -> str:
    return path if path in _KNOWN else _OTHER


def _own(event: RequestFinished) -> dict[str, Any]:
    """Return the attributes that belong to one call only."""
    own: dict[str, Any] = {}
    if event.open_id:
        own["tiktok.open_id"] = event.open_id
    if event.log_id:
        own["tiktok.log_id"] = event.log_id
    if event.code:
        own["tiktok.error.code"] = event.code
    if event.attempts > 1:
        own["http.request.resend_count"] = event.attempts - 1
    return own


def _told(event: Retrying | RateLimitWaited) -> dict[str, Any]:
    told: dict[str, Any] = {"tiktok.wait": event.wait.total_seconds()}
    if isinstance(event, Retrying):
        told |= {"tiktok.attempt": event.attempt, "error.type": event.error}
        if event.log_id:
            told["tiktok.log_id"] = event.log_id
    return told


_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)


def _nanoseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND * 1000
