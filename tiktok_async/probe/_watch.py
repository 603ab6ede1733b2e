"""A transport that watches the traffic: the raw answers, every secret and text in them, and signs of harm."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import orjson
from attrs import field, frozen
from yarl import URL

from tiktok_async.abc import Transport
from tiktok_async.errors import TransportError
from tiktok_async.models._http import RawResponse, Request, header
from tiktok_async.probe.rules.words import CODES

__all__ = ["Seen", "Watch"]

_SHORTEST: Final = 4  # characters; shorter texts occur in any file
_LONG_NUMBER: Final = 6  # digits; ids, a person's counts, times
_HARM: Final = frozenset({"rate_limit_exceeded", "daily_quota_limit_exceeded", "reached_active_user_cap"})


@frozen(slots=True)
class Seen:
    """One raw answer of TikTok's; it is never stored.

    Attributes:
        status: HTTP status.
        headers: HTTP headers.
        body: The JSON, or `None` for another body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)

    @property
    def object(self) -> dict[str, Any]:
        """The JSON object, or an empty one."""
        return _object(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The `error` member of the envelope, or an empty object."""
        return _object(self.object.get("error"))

    @property
    def code(self) -> str:
        """The error code: the envelope's, or that of a flat OAuth error."""
        error = self.object.get("error")
        code = self.error.get("code") if isinstance(error, dict) else error
        return code if isinstance(code, str) else ""

    @property
    def data(self) -> dict[str, Any]:
        """The `data` member of the envelope, or an empty object."""
        return _object(self.object.get("data"))

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        error = self.object.get("error")
        return self.code == "ok" if error else self.status < HTTPStatus.MULTIPLE_CHOICES


class Watch:
    """The transport between a session and the network while a probe runs.

    Attributes:
        texts: Every secret, id and free text that was seen.
        last: The last answer, by the path that was asked.
        count: How many answers came.
        harm: The first sign of harm: a code, or `429`. After it nothing is sent.
        limited: The last answer with 429.
    """

    def __init__(self) -> None:
        self._inner: Transport | None = None
        self.texts: set[str] = set()
        self.last: dict[str, Seen] = {}
        self.count: int = 0
        self.harm: str | None = None
        self.limited: Seen | None = None

    def around(self, inner: Transport) -> Transport:
        """Send through *inner* from now on; for `TikTokSession(transport=...)`."""
        self._inner = inner
        return self

    async def send(self, request: Request) -> RawResponse:
        """Send *request*, unless TikTok has shown a sign of harm.

        Raises:
            TransportError: It was not sent, or no answer came.
        """
        path = URL(str(request.url)).path
        inner = self.check(path)
        self._request(request)
        raw = await inner.send(request)
        self.answer(path, raw)
        return raw

    def check(self, path: str) -> Transport:
        """Return what sends, unless TikTok has shown a sign of harm: asked before anything waits for its turn.

        Raises:
            TransportError: Nothing more is sent.
        """
        if self._inner is None or self.harm is not None:
            raise TransportError("the probe has stopped, and sends nothing more", sent=False, endpoint=path)
        return self._inner

    async def aclose(self) -> None:
        """Close nothing: the inner transport belongs to the session."""

    def answer(self, path: str, raw: RawResponse) -> Seen:
        """Record an answer."""
        try:
            body: Any = orjson.loads(raw.body)
        except orjson.JSONDecodeError:
            body = None
            self._words(raw.body.decode("utf-8", "replace"))
        self.collect(body)
        for name, value in raw.headers.items():
            self._text(name)
            self._words(value)
        seen = Seen(raw.status, raw.headers, body)
        self.last[path] = seen
        self.count += 1
        if raw.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.limited = seen
        self.harm = self.harm or _harm(seen)
        return seen

    def collect(self, value: Any) -> None:  # noqa: ANN401 - any JSON
        """Remember each text and each long number in *value*, keys included."""
        match value:
            case str():
                self._text(value)
            case dict():
                for key, inner in cast("dict[str, Any]", value).items():
                    self._text(key)
                    self.collect(inner)
            case list():
                for inner in value:  # pyright: ignore[reportUnknownVariableType] - JSON
                    self.collect(inner)
            case int() | float() if len(str(value)) >= _LONG_NUMBER:
                self.texts.add(str(value))
            case _:
                pass

    def _request(self, request: Request) -> None:
        for name, value in URL(str(request.url)).query.items():
            if name != "fields":
                self._text(value)
        authorization = header(request.headers, "authorization")
        if authorization is not None:
            self._text(authorization.removeprefix("Bearer "))
        if not isinstance(request.body, bytes):
            return
        if (header(request.headers, "content-type") or "").startswith("application/x-www-form-urlencoded"):
            for name, value in parse_qsl(request.body.decode("utf-8", "replace")):
                if name != "grant_type":
                    self._text(value)

    def _words(self, text: str) -> None:
        self._text(text)
        for word in text.split():
            self._text(word)

    def _text(self, text: str) -> None:
        if len(text) >= _SHORTEST and text not in CODES:
            self.texts.add(text)


def _harm(seen: Seen) -> str | None:
    if seen.code in _HARM or seen.code.startswith("spam_risk"):
        return seen.code if seen.code in CODES else "spam_risk"
    return "429" if seen.status == HTTPStatus.TOO_MANY_REQUESTS else None


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
