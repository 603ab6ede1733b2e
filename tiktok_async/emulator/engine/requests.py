"""The log of the requests to the emulator."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from attrs import define, field

from tiktok_async.models import Endpoint

_KEPT_BODY = 64 * 1024
# Secrets belong in the body of these endpoints; every other place is a leak.
_SECRETS_IN_BODY = (Endpoint.TOKEN, Endpoint.REVOKE, Endpoint.QRCODE_GET, Endpoint.QRCODE_CHECK)


@define(slots=True, kw_only=True, eq=False)
class RecordedRequest:
    """One request as it arrived; its `repr` shows no headers, parameters or body, which may contain secrets.

    Attributes:
        endpoint: The endpoint, or an own name of the emulator (`"authorize"`, `"upload"`, ...) for other URLs.
        method: HTTP method.
        path: Path without the query.
        query: The query as received, encoded.
        headers: All headers, case-insensitive.
        body: The first 64 KiB of the body; empty for uploads.
        at: When it arrived, on the emulator's clock.
        status: The HTTP status of the answer; 0 if the connection was dropped, or if there is no answer yet.
        open_id: The user of the token in the request, if any.
    """

    endpoint: Endpoint | str
    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    at: datetime
    status: int = 0
    open_id: str | None = None

    @property
    def params(self) -> dict[str, str]:
        """The query parameters, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The form in the body, decoded."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The JSON in the body."""
        return orjson.loads(self.body)


class RequestLog:
    """The newest 20,000 requests, in the order they arrived; the counts include all.

    Attributes:
        counts: How many, by endpoint.
        statuses: How many, by endpoint and HTTP status; status 0 is a dropped connection.
        on_answer: Called with each request after its answer; may be `None`.
    """

    def __init__(self, kept: int = 20_000) -> None:
        self._records: deque[RecordedRequest] = deque(maxlen=kept)
        self.counts: Counter[Endpoint | str] = Counter()
        self.statuses: Counter[tuple[Endpoint | str, int]] = Counter()
        self.on_answer: Callable[[RecordedRequest], None] | None = None

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(list(self._records))

    def __getitem__(self, index: int) -> RecordedRequest:
        return self._records[index]

    def __repr__(self) -> str:
        return f"RequestLog({sum(self.counts.values())} requests)"

    def to(self, endpoint: Endpoint | str) -> list[RecordedRequest]:
        """Return the requests to *endpoint*."""
        return [record for record in self._records if record.endpoint == endpoint]

    def clear(self) -> None:
        """Remove all requests and counts."""
        self._records.clear()
        self.counts.clear()
        self.statuses.clear()

    def arrived(self, record: RecordedRequest) -> None:
        """Add *record* to the log."""
        self._records.append(record)
        self.counts[record.endpoint] += 1

    def answered(self, record: RecordedRequest, status: int) -> None:
        """Store the status with which *record* was answered."""
        record.status = status
        self.statuses[record.endpoint, status] += 1
        if self.on_answer is not None:
            self.on_answer(record)

    def leaks(self, secret: str) -> list[RecordedRequest]:
        """Return the requests that contained *secret* where it does not belong.

        It belongs in the body of an OAuth call and, as a bearer token, in the `Authorization` header of a REST call.
        It does not belong in a path, a query, another header, another body, or a header of a chunk's upload.
        """
        return [record for record in self._records if _leaks(record, secret)]


def keep(body: bytes) -> bytes:
    """Return the part of *body* that the log stores."""
    return body[:_KEPT_BODY]


def _leaks(record: RecordedRequest, secret: str) -> bool:
    if secret in record.path or secret in record.query or secret in record.params.values():
        return True
    text = record.body.decode("utf-8", "replace")
    if record.endpoint not in _SECRETS_IN_BODY and secret in text:
        return True
    bearer_belongs = isinstance(record.endpoint, Endpoint)
    return any(
        secret in value
        for name, value in record.headers.items()
        if not (bearer_belongs and name.lower() == "authorization" and value == f"Bearer {secret}")
    )
