"""Batch compliance: finding out which stored ids are still public, so that the others can be deleted.

Source: https://developers.tiktok.com/doc/batch-compliance-apis
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from attrs import frozen

from tiktok_async._calls.rules.endpoints import ENDPOINTS, MULTIPART
from tiktok_async._decoding.answers import read
from tiktok_async._http.streaming import opener_of
from tiktok_async.abc import Transport
from tiktok_async.api.research.calls import ResearchCalls, check_id, object_of
from tiktok_async.errors import ConfigurationError, TikTokError, unexpected_form
from tiktok_async.models import ComplianceState, Endpoint
from tiktok_async.models._wire import WireModel, identifier

__all__ = ["ComplianceTask", "check"]

_MOST_IDS = 10_000
# Ids are digits, so they cannot contain the boundary.
_BOUNDARY = "tiktok-async-ids"
_FIRST_CHECK = 2.0
_LONGEST_PAUSE = 60.0
# Far more than ten thousand ids of twenty digits.
_MOST_BYTES = 4 * 1024 * 1024


@frozen(kw_only=True)
class _Task(WireModel):
    task_id: str = identifier()


@frozen(kw_only=True)
class _TaskStatus(WireModel):
    task_status: ComplianceState | str


class ComplianceTask:
    """A list of ids that TikTok is checking.

    Attributes:
        task_id: TikTok's id of it; `research.compliance_task(task_id)` continues it in another process.

    Source: https://developers.tiktok.com/doc/batch-compliance-apis
    """

    def __init__(self, calls: ResearchCalls, transport: Transport, task_id: str) -> None:
        self.task_id = task_id
        self._body = {"task_id": check_id("task_id", task_id)}
        self._calls = calls
        self._transport = transport

    def __repr__(self) -> str:
        return f"ComplianceTask({self.task_id!r})"

    async def status(self) -> ComplianceState | str:
        """Return the state of the task.

        Raises:
            InvalidParams: TikTok does not know the task.
            QuotaExhausted: The day's quota is used up.
        """
        endpoint = Endpoint.RESEARCH_VALIDATION_STATUS
        response = await self._calls.call(endpoint, self._body)
        return read(response, object_of(response), _TaskStatus, endpoint=endpoint).task_status

    async def wait(self, *, timeout: timedelta = timedelta(hours=1)) -> None:  # noqa: ASYNC109 - asked at intervals
        """Wait until the task is completed. Each check costs one call of the day's quota; the time between them grows.

        Raises:
            TikTokError: TikTok failed at it, or *timeout* has passed.
        """
        clock = self._calls.clock
        ends, pause = clock.monotonic() + timeout.total_seconds(), _FIRST_CHECK
        while (state := await self.status()) != ComplianceState.COMPLETED:
            if state == ComplianceState.FAILED:
                raise TikTokError(f"TikTok failed at compliance task {self.task_id}. Create it again.")
            if clock.monotonic() + pause > ends:
                raise TikTokError(
                    f"Compliance task {self.task_id} is still {state}. Wait again later; nothing of it is lost."
                )
            await clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def valid_ids(self) -> list[str]:
        """Return those of the ids that are still public; delete what you have of the others.

        Raises:
            InvalidParams: The task is not completed yet.
            ServerError: The answer is not a list of ids.
        """
        endpoint = Endpoint.RESEARCH_VALIDATION_DOWNLOAD
        text = bytearray()
        async with self._calls.sender.stream(
            endpoint, opener_of(self._transport), credential=self._calls.credential, json=self._body
        ) as answer:
            async for piece in answer.pieces:
                text += piece
                if len(text) > _MOST_BYTES:
                    break
        ids = text.decode("utf-8", "replace").split()
        if len(text) > _MOST_BYTES or not all(one.isascii() and one.isdigit() for one in ids):
            raise unexpected_form("the file is not a list of ids", status=answer.status, endpoint=endpoint.path)
        return ids


async def check(
    calls: ResearchCalls,
    transport: Transport,
    ids: Iterable[str],
    category: Literal["video", "comment"],
    *,
    wait_for_quota: bool,
) -> ComplianceTask:
    """Create a task; see `Research.compliance`."""
    if category not in ("video", "comment"):
        raise ConfigurationError(f"category is 'video' or 'comment', not {category!r}.")
    if isinstance(ids, str):
        raise ConfigurationError("compliance takes several ids, such as a list, not one str.")
    lines = [str(check_id(f"Each {category} id", one)) for one in ids]
    if not 1 <= len(lines) <= _MOST_IDS:
        raise ConfigurationError(f"A task takes 1 to {_MOST_IDS} ids, not {len(lines)}; make several of them.")
    endpoint = Endpoint.RESEARCH_VALIDATION_CREATE
    response = await calls.call_raw(
        ENDPOINTS[endpoint],
        _form(category, lines),
        content_type=f"{MULTIPART}; boundary={_BOUNDARY}",
        wait_for_quota=wait_for_quota,
    )
    return ComplianceTask(calls, transport, read(response, object_of(response), _Task, endpoint=endpoint).task_id)


def _form(category: str, lines: list[str]) -> bytes:
    text = "".join(f"{line}\n" for line in lines)
    return (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="category"\r\n\r\n{category}\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file_data"; filename="ids.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\n{text}\r\n--{_BOUNDARY}--\r\n"
    ).encode()
