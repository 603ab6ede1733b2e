"""Batch compliance: which of a researcher's ids are still public.

Source: https://developers.tiktok.com/doc/batch-compliance-apis
"""

from http import HTTPStatus
from typing import Any, Final

from aiohttp import BodyPartReader, web
from attrs import frozen

from tiktok_async.emulator.engine import body as _body
from tiktok_async.emulator.engine.body import BadField
from tiktok_async.emulator.engine.replies import TEXT, Reply
from tiktok_async.emulator.engine.routes import Call, RouteDef
from tiktok_async.emulator.research.endpoints import Research
from tiktok_async.models import Endpoint

_MOST_IDS: Final = 10_000
# The id in the sample fits only an unsigned 64-bit number, not a signed one.
_FIRST_TASK: Final = 12_345_678_910_987_654_321


@frozen(slots=True)
class _Task:
    ready_at: float
    body: bytes


class ResearchTasks:
    """The compliance endpoints of the Research area."""

    def __init__(self, research: Research) -> None:
        self._research = research
        self._tasks: dict[int, _Task] = {}

    def routes(self) -> list[RouteDef]:
        """Return the routes of this module."""
        make = self._research.route
        return [
            make(Endpoint.RESEARCH_VALIDATION_CREATE, self._create, reads_body=True),
            make(Endpoint.RESEARCH_VALIDATION_STATUS, self._status),
            make(Endpoint.RESEARCH_VALIDATION_DOWNLOAD, self._download),
        ]

    async def _create(self, call: Call) -> Reply:
        form = await _form(call.request)
        if form.get("category") not in (b"video", b"comment"):
            raise BadField("`category` must be video or comment")
        lines = form.get("file_data", b"").decode("utf-8", "replace").split()
        if not 1 <= len(lines) <= _MOST_IDS or not all(line.isascii() and line.isdigit() for line in lines):
            raise BadField(f"`file_data` must hold 1 to {_MOST_IDS} ids, one a line")
        data = self._research.data
        if form["category"] == b"video":
            valid = [line for line in lines if int(line) in data.by_id]
        else:
            valid = [line for line in lines if data.comment(int(line)) is not None]
        now = self._research.state.clock.monotonic()
        task_id = _FIRST_TASK + len(self._tasks)
        self._tasks[task_id] = _Task(
            now + self._research.quirks.task_takes.total_seconds(), "".join(f"{line}\n" for line in valid).encode()
        )
        return self._ok({"task_id": task_id})

    async def _status(self, call: Call) -> Reply:
        return self._ok({"task_status": "Completed" if self._ready(self._task(call)) else "Processing"})

    async def _download(self, call: Call) -> Reply:
        task = self._task(call)
        if not self._ready(task):
            raise BadField("The task is still processing")
        return Reply(200, task.body, TEXT)

    def _ready(self, task: _Task) -> bool:
        return self._research.state.clock.monotonic() >= task.ready_at

    def _task(self, call: Call) -> _Task:
        task_id = _body.integer(call.json(), "task_id", within=range(2**64), required=True) or 0
        if task_id not in self._tasks:
            raise BadField(f"{task_id} is invalid: cannot find the task")
        return self._tasks[task_id]

    def _ok(self, data: dict[str, Any]) -> Reply:
        extra = {"http_status_code": int(HTTPStatus.OK)}
        return self._research.state.replies.ok(data, message="ok.", extra=extra)


async def _form(request: web.BaseRequest) -> dict[str, bytes]:
    """Return the parts of a multipart form by name.

    Raises:
        BadField: The body is not a multipart form.
    """
    if not request.content_type.startswith("multipart/form-data"):
        raise BadField("the body must be multipart/form-data")
    parts: dict[str, bytes] = {}
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name:
                parts[part.name] = bytes(await part.read())
    except ValueError:
        raise BadField("the multipart body is malformed") from None
    return parts
