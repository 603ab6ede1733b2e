"""Record a program's traffic with TikTok, without personal data, and replay it in a test."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import orjson
from attrs import define
from yarl import URL

from tiktok_async._files import create_private
from tiktok_async.abc import Transport
from tiktok_async.errors import ConfigurationError, TransportError
from tiktok_async.models import Endpoint
from tiktok_async.models._http import RawResponse, Request, header
from tiktok_async.testing._replaced import Replaced

__all__ = ["RecordingTransport", "ReplayTransport"]

_FORMAT: Final = 1
_FORM: Final = "application/x-www-form-urlencoded"
_ELSEWHERE: Final = "another address"
_HEADERS: Final = ("content-range", "content-type", "retry-after")
_PATHS: Final = frozenset(endpoint.path for endpoint in Endpoint)
_MOST_ZEROS: Final = 65_536


class RecordingTransport:
    """Sends through another transport and records the traffic. Every value that is on no list is replaced.

    Kept are paths, HTTP statuses, error codes, documented keys and words, and small numbers. Tokens, ids, texts, counts
    and addresses are replaced; equal values get equal replacements. All times are moved by the same number of days.
    Bodies that are not JSON, such as the bytes of a video or an archive, are left out. The file is written when
    the session closes, readable only by its owner.

    Args:
        inner: The transport that sends; a session passes its own.
        file: The file for the recording; it must not exist.

    Raises:
        ConfigurationError: The file exists already.

    Example:
        >>> def record(own: Transport) -> Transport:
        ...     return RecordingTransport(own, "traffic.json")
        >>> async def example() -> None:
        ...     async with TikTokSession.from_env(transport=record) as session:
        ...         ...
    """

    def __init__(self, inner: Transport, file: str | os.PathLike[str]) -> None:
        self._inner = inner
        self._file = Path(file)
        self._replaced = Replaced()
        self._exchanges: list[dict[str, Any]] | None = []
        if self._file.exists() or self._file.is_symlink():
            raise ConfigurationError(f"{self._file} exists already. Record into a new file.")

    async def send(self, request: Request) -> RawResponse:
        """Send *request* and record it with its answer.

        Raises:
            TransportError: No answer came. Then nothing is recorded.
        """
        raw = await self._inner.send(request)
        if self._exchanges is not None:
            asked = _asked(request)
            self._exchanges.append(
                {
                    "method": request.method,
                    "path": _path(request),
                    "asked": None if asked is None else self._replaced.json(asked),
                    "status": raw.status,
                    "headers": self._headers(raw.headers),
                    **self._body(raw.body),
                }
            )
        return raw

    async def aclose(self) -> None:
        """Write the file; harmless when repeated.

        Raises:
            ConfigurationError: It cannot be written.
        """
        exchanges, self._exchanges = self._exchanges, None
        if exchanges is None:
            return
        try:
            with create_private(self._file) as opened:
                opened.write(orjson.dumps({"format": _FORMAT, "exchanges": exchanges}, option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise ConfigurationError(f"The recording {self._file} cannot be written: {error.strerror}.") from None

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        kept = {name: header(headers, name) for name in _HEADERS}
        return {name: value for name, value in kept.items() if value is not None}

    def _body(self, body: bytes) -> dict[str, Any]:
        try:
            return {"json": self._replaced.json(orjson.loads(body))}
        except orjson.JSONDecodeError:
            return {"bytes": len(body)}


@define(slots=True)
class _Answer:
    """One recorded answer, with the query and body of its request."""

    asked: Any
    response: RawResponse


class ReplayTransport:
    """Answers from a recording in place of the network; nothing leaves the process.

    A request gets the first remaining answer with its method, path and body. If there is none, it gets the first
    remaining answer with its method and path.

    Args:
        file: What a `RecordingTransport` wrote.

    Raises:
        ConfigurationError: It is not a recording.

    Example:
        >>> async def example() -> None:
        ...     replay = ReplayTransport("traffic.json")
        ...     async with TikTokSession(client_key="key", client_secret="secret", transport=replay) as session:
        ...         ...
    """

    def __init__(self, file: str | os.PathLike[str]) -> None:
        self._left: dict[tuple[str, str], list[_Answer]] = {}
        try:
            recorded: Any = orjson.loads(Path(file).read_bytes())
            known = {_FORMAT: recorded["exchanges"]}
            for one in known[recorded["format"]]:
                key = str(one["method"]), str(one["path"])
                response = RawResponse(status=int(one["status"]), headers=dict(one["headers"]), body=_bytes(one))
                self._left.setdefault(key, []).append(_Answer(one["asked"], response))
        except (OSError, ValueError, TypeError, KeyError):
            raise ConfigurationError(f"{Path(file)} is no recording of a RecordingTransport.") from None

    @property
    def left(self) -> int:
        """How many answers have not been used."""
        return sum(map(len, self._left.values()))

    async def send(self, request: Request) -> RawResponse:
        """Return the recorded answer.

        Raises:
            TransportError: The recording has no more answers for this method and path.
        """
        if request.body is not None and not isinstance(request.body, bytes):
            async for _ in request.body:  # reading it reports the sender's progress
                pass
        key, asked = (request.method, _path(request)), _asked(request)
        answers = self._left.get(key, [])
        if not answers:
            raise TransportError("the recording has no more answers for it", sent=False, endpoint=key[1])
        same = next((number for number, answer in enumerate(answers) if answer.asked == asked), 0)
        return answers.pop(same).response

    async def aclose(self) -> None:
        """Close nothing."""


def _bytes(one: Mapping[str, Any]) -> bytes:
    return orjson.dumps(one["json"]) if "json" in one else bytes(min(int(one["bytes"]), _MOST_ZEROS))


def _path(request: Request) -> str:
    """Return the path of an endpoint; the path of another address may name its owner."""
    path = URL(str(request.url)).path
    return path if path in _PATHS else _ELSEWHERE


def _asked(request: Request) -> dict[str, Any] | None:
    """Return the query and the body of a request, as far as they are a form or JSON."""
    asked: dict[str, Any] = {}
    url = URL(str(request.url))
    if url.path in _PATHS and url.query:
        asked["fields"] = sorted(url.query.get("fields", "").split(","))
    if isinstance(request.body, bytes):
        kind = header(request.headers, "content-type") or ""
        try:
            if kind.startswith(_FORM):
                asked["data"] = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
            else:
                asked["data"] = cast("object", orjson.loads(request.body))
        except orjson.JSONDecodeError:
            pass
    return asked or None
