"""Data Portability: requests for a user's archive, on the emulator's clock.

Source: https://developers.tiktok.com/doc/data-portability-api-get-started
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from attrs import define, field

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.clock import Timer
from tiktok_async.emulator.engine.quirks import PortabilityQuirks
from tiktok_async.emulator.engine.replies import Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef, route
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.portability.archive import archive
from tiktok_async.models import Endpoint

_ALL: Final = "all_data"
# https://developers.tiktok.com/doc/data-portability-api-add: which scope covers which category.
_OPENED_BY: Final = {
    "video": "postsandprofile",
    "profile": "postsandprofile",
    "activity": "activity",
    "direct_message": "directmessages",
}
_FIELDS: Final = ("request_id", "apply_time", "collect_time", "status", "data_format", "category_selection_list")
_FIRST_ID: Final = 123_451_234_512_345
_WRONG_ID: Final = "Incorrect `request_id`. Please validate the request."


@define(eq=False, slots=True, kw_only=True)
class ArchiveRequest:
    """One request for an archive; times are epoch seconds of the emulator's clock."""

    request_id: int
    open_id: str
    categories: tuple[str, ...]
    data_format: str
    apply_time: float
    ready_at: float
    expires_at: float
    cancelled: bool = False
    timer: Timer | None = field(default=None, repr=False)

    def status(self, now: float) -> str:
        """Return its status with TikTok's words."""
        if self.cancelled:
            return "cancelled"
        if now < self.ready_at:
            return "pending"
        # TikTok's word for "ready".
        return "downloading" if now < self.expires_at else "expired"


class Portability:
    """The Data Portability area.

    Attributes:
        quirks: The behaviour where TikTok's pages disagree; may be replaced at any time.
        requests: Every accepted request.
    """

    def __init__(self, state: State, quirks: PortabilityQuirks) -> None:
        self._state = state
        self._spent: set[tuple[str, str]] = set()
        self.quirks = quirks
        self.requests: list[ArchiveRequest] = []

    def routes(self) -> list[RouteDef]:
        """Return the routes of this area."""
        return [
            route(Endpoint.PORTABILITY_ADD, self._add),
            route(Endpoint.PORTABILITY_CHECK, self._check),
            route(Endpoint.PORTABILITY_DOWNLOAD, self._download),
            route(Endpoint.PORTABILITY_CANCEL, self._cancel),
        ]

    def stop(self) -> None:
        """Stop the timers of all requests."""
        for request in self.requests:
            if request.timer is not None:
                request.timer.cancel()

    async def _add(self, call: Call) -> Reply:
        grant, body = call.user_grant, call.json()
        try:
            data_format, categories = _requested(call.query, body)
        except BadField as wrong:
            return self._error(str(wrong))
        allowed, spends = self._scope_for(grant.open_id, grant.scopes, categories)
        if not allowed:
            return self._state.replies.error("scope_not_authorized", "A scope for these categories is missing.")
        request = self._accept(grant.open_id, categories, data_format, spends)
        return self._state.replies.ok({"request_id": request.request_id})

    def _accept(
        self, open_id: str, categories: tuple[str, ...], data_format: str, spends: frozenset[str]
    ) -> ArchiveRequest:
        now = self._state.clock.timestamp()
        ready_at = now + self.quirks.preparation.total_seconds()
        request = ArchiveRequest(
            request_id=_FIRST_ID + len(self.requests),
            open_id=open_id,
            categories=(_ALL,) if _ALL in categories else categories,
            data_format=data_format,
            apply_time=now,
            ready_at=ready_at,
            expires_at=ready_at + self.quirks.ready_for.total_seconds(),
        )
        self._spent |= {(open_id, scope) for scope in spends}
        self.requests.append(request)

        def ready() -> None:
            if not request.cancelled:
                content = {"request_id": request.request_id}
                whose = open_id if self.quirks.user_in_webhook else None
                self._state.webhooks.send("portability.download.ready", content, whose)

        request.timer = self._state.clock.call_later(self.quirks.preparation.total_seconds(), ready)
        return request

    def _scope_for(
        self, open_id: str, scopes: frozenset[str], categories: tuple[str, ...]
    ) -> tuple[bool, frozenset[str]]:
        """Return whether the scopes cover the categories, and which single-use scopes this uses up.

        An ongoing scope is never used up. If the single-use scope for all data is used, it is the only one used up.
        """
        usable = {scope for scope in scopes if (open_id, scope) not in self._spent}
        narrow = frozenset[str]() if _ALL in categories else frozenset(_OPENED_BY[name] for name in categories)
        if "portability.all.ongoing" in usable:
            return True, frozenset()
        lacking = {name for name in narrow if f"portability.{name}.ongoing" not in usable}
        if narrow and not lacking:
            return True, frozenset()
        if "portability.all.single" in usable:
            return True, frozenset({"portability.all.single"})
        singles = frozenset(f"portability.{name}.single" for name in lacking)
        return bool(narrow) and singles <= usable, singles

    async def _check(self, call: Call) -> Reply:
        fields = tuple(name.strip() for name in call.query.get("fields", "").split(",") if name.strip())
        if not fields or not set(fields) <= set(_FIELDS):
            return self._error("`fields` is empty or holds an unknown name")
        request = self._asked_for(call)
        if request is None:
            return self._error(_WRONG_ID)
        now = self._state.clock.timestamp()
        word = self.quirks.category_word
        whole: dict[str, Any] = {
            "request_id": request.request_id,
            "apply_time": int(request.apply_time),
            "collect_time": int(request.apply_time),
            "status": request.status(now),
            "data_format": request.data_format,
            "category_selection_list": [word if name == "direct_message" else name for name in request.categories],
        }
        return self._state.replies.ok({name: whole[name] for name in fields})

    async def _download(self, call: Call) -> Reply:
        request = self._asked_for(call)
        if request is None or request.status(self._state.clock.timestamp()) != "downloading":
            return self._error(_WRONG_ID)
        user = self._state.users[request.open_id]
        body = archive(user, request.categories, request.data_format, at_least=self.quirks.archive_size)
        headers = {"Content-Disposition": f'attachment; filename="{request.request_id}.zip"'}
        if not self.quirks.ranges:
            return Reply(200, body, self.quirks.zip_type, headers)
        headers["Accept-Ranges"] = "bytes"
        wanted = call.request.http_range
        start, stop, _ = slice(wanted.start, wanted.stop).indices(len(body))
        if (start, stop) == (0, len(body)):
            return Reply(200, body, self.quirks.zip_type, headers)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
        return Reply(206, body[start:stop], self.quirks.zip_type, headers)

    async def _cancel(self, call: Call) -> Reply:
        request = self._asked_for(call)
        if request is None or request.status(self._state.clock.timestamp()) != "pending":
            return self._error(_WRONG_ID)
        request.cancelled = True
        return self._state.replies.ok(None)

    def _asked_for(self, call: Call) -> ArchiveRequest | None:
        """Return the user's own request that a call names; a cancel call may name it in the query as well."""
        place = self.quirks.cancel_id if call.record.endpoint is Endpoint.PORTABILITY_CANCEL else "body"
        try:
            number = None if place == "query" else _body.integer(call.json(), "request_id")
        except BadField:
            return None
        text = call.query.get("request_id", "")
        if number is None and place != "body" and text.isascii() and text.isdigit():
            number = int(text)
        for request in self.requests:
            if request.request_id == number and request.open_id == call.user_grant.open_id:
                return request
        return None

    def _error(self, message: str) -> Reply:
        return self._state.replies.error(
            "invalid_params", message, extra={"http_status_code": int(HTTPStatus.BAD_REQUEST)}
        )


def _requested(query: Mapping[str, str], body: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the requested format and categories.

    Raises:
        BadField: One is missing or unknown.
    """
    if query.get("fields") != "request_id":
        raise BadField("`fields` must be request_id")
    data_format = _body.string(body, "data_format", required=True)
    if data_format not in ("json", "text"):
        raise BadField("`data_format` must be json or text")
    categories = tuple(_body.strings(body, "category_selection_list"))
    if not categories or not set(categories) <= {_ALL, *_OPENED_BY}:
        raise BadField("`category_selection_list` is empty or holds an unknown category")
    return data_format, categories
