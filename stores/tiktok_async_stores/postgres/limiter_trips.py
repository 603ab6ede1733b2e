"""Sends requests to windows in PostgreSQL: any number in one trip."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson

from tiktok_async.abc import Clock
from tiktok_async.errors import StoreError
from tiktok_async.models import WindowKind
from tiktok_async_stores._process import WorkerName
from tiktok_async_stores.limits.window import Request, SharedWindow
from tiktok_async_stores.postgres.link import PostgresLink, to_text

# A statement's requests may wait for windows that others lock, so all lock them in the same order.
_TAKE = """
WITH memory AS MATERIALIZED (SELECT * FROM {schema}.limits_memory(%s))
SELECT each.place, memory.name, {schema}.take_permits(each.request, memory.lost_at)
FROM memory, jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS each (request, place)
"""
_FORGET = """
DELETE FROM {schema}.limits WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {schema}.limits WHERE idle_from < extract(epoch FROM clock_timestamp()) / 300 - 1
    LIMIT 1000 FOR UPDATE SKIP LOCKED
))
"""

_FORGET_EVERY = 300.0  # seconds


def as_json(holder: str, window: SharedWindow, request: Request, *, now: float | None = None) -> dict[str, Any]:
    """Return one request as `take_permits` takes it.

    Args:
        holder: Names this worker.
        window: The window it is for.
        request: What to ask.
        now: Milliseconds since the epoch; `None` for the server's clock; only tests give another time.
    """
    return {
        "client_key": to_text(window.key.client_key),
        "endpoint": to_text(window.key.endpoint),
        "subject": to_text(window.key.subject),
        "holder": holder,
        "number": request.number,
        "count": window.limit.count,
        "per": int(window.per * 1000),
        "lease": int(window.lease * 1000),
        "need": request.need,
        "extra": request.extra,
        "back": request.back,
        "block": int(request.block * 1000) + 1 if request.block else 0,
        "horizon": int(window.horizon * 1000),
        "day": window.limit.kind is WindowKind.UTC_DAY,
        "answers": request.answers,
        "unreported_answers": request.unreported_answers,
        "known": request.known,
        "life": window.life,
        "now": now,
    }


class PostgresTrips:
    """Asks any number of windows at once.

    Args:
        link: The database.
        holder: Names this worker among all workers that share the windows.
        clock: Times the search for unused windows.
    """

    name = "PostgreSQL"

    def __init__(self, link: PostgresLink, holder: WorkerName, clock: Clock) -> None:
        self._link = link
        self._holder = holder
        self._clock = clock
        self._forget_at = -math.inf
        self._memory = 0  # names the server's memory; 0 until it is known

    async def run(self, requests: Sequence[tuple[SharedWindow, Request]]) -> list[Sequence[int]]:
        """Send *requests* and return their answers, in order.

        Raises:
            StoreError: PostgreSQL is out of reach or refused; which of the requests it carried out is unknown.
        """
        if not requests:
            return []
        order = sorted(range(len(requests)), key=lambda place: requests[place][0].key)
        asked = orjson.dumps([as_json(str(self._holder), *requests[place]) for place in order]).decode()
        try:
            rows = await self._link.run(_TAKE, (self._memory, asked))
        except StoreError as error:
            raise StoreError(
                f"The rate limiter's {str(error).rstrip('.')}, so the number of free calls is unknown. Calls "
                "continue when it is back; on_outage='local' lets each process continue with a share meanwhile."
            ) from None
        answers: list[Sequence[int]] = [()] * len(requests)
        for place, self._memory, (life, *answer) in rows:
            answers[order[place - 1]] = answer
            requests[order[place - 1]][0].life = life
        if (now := self._clock.monotonic()) >= self._forget_at:
            self._forget_at = now + _FORGET_EVERY
            with suppress(StoreError):  # the next trip reports the error, and the next round deletes
                await self._link.run(_FORGET)
        return answers

    async def aclose(self) -> None:
        """Close the pool if it is ours."""
        await self._link.aclose()
