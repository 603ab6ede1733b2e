"""Grants, approvers and proposals as notes of the session's store, under an account key that belongs to no user."""

import socket
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from tiktok_async.abc import NoteStore
from tiktok_async.agents.rules.chain import Head
from tiktok_async.agents.rules.grant import AgentGrant, digest_of, kept_grant, read_grant
from tiktok_async.agents.rules.proposal import Frozen, read_frozen
from tiktok_async.models import AccountKey

__all__ = ["Decision", "Kept", "Outcome", "RecordHead", "days_of"]

_OWNER = "tiktok-async.agents"
# Notes need a lifetime; these are meant to stay.
_LONG = timedelta(days=36_500)
# A decision and its outcome are shown for some time after the proposal has ended.
_SHOWN = timedelta(days=30)


class Decision(NamedTuple):
    """What was decided of a proposal, once and for all.

    Attributes:
        approved: Whether it is to be posted.
        by: Who decided.
        reason: Why it was refused, in that person's words.
    """

    approved: bool
    by: str
    reason: str | None = None


class Outcome(NamedTuple):
    """What became of an approved proposal.

    Attributes:
        state: A `ProposalState`'s word.
        publish_id: TikTok's id of the post.
        reason: Why it failed.
    """

    state: str
    publish_id: str | None = None
    reason: str | None = None


class Kept:
    """The notes of one app.

    Args:
        notes: The store.
        client_key: The app.
    """

    def __init__(self, notes: NoteStore, client_key: str) -> None:
        self._notes = notes
        self._key = AccountKey(client_key, _OWNER)

    async def grant(self, agent: str) -> tuple[AgentGrant, str] | None:
        """Return an agent's grant and the digest of its key."""
        note = await self._get(f"agent:{agent}")
        return None if note is None else read_grant(note)

    async def put_grant(self, grant: AgentGrant, digest: str, *, new: bool) -> bool:
        """Store a grant. Returns whether it was stored: `False` if it must be new and one exists."""
        if new:
            await self._list("agents", grant.agent)
        return await self._put(f"agent:{grant.agent}", kept_grant(grant, digest), _LONG, only_if_absent=new)

    async def drop_grant(self, agent: str) -> bool:
        """Forget a grant. Returns whether there was one."""
        return await self._notes.delete_note(self._key, f"agent:{agent}")

    def agents(self) -> AsyncIterator[str]:
        """Yield the name of every agent that was ever added."""
        return self._listed("agents")

    async def approver(self, name: str) -> str | None:
        """Return the digest of an approver's key."""
        note = await self._get(f"approver:{name}")
        return None if note is None else note.decode()

    async def put_approver(self, name: str, digest: str) -> bool:
        """Keep a new approver. Returns whether it was new."""
        await self._list("approvers", name)
        return await self._put(f"approver:{name}", digest.encode(), _LONG, only_if_absent=True)

    async def drop_approver(self, name: str) -> bool:
        """Forget an approver. Returns whether there was one."""
        return await self._notes.delete_note(self._key, f"approver:{name}")

    async def approvers(self) -> list[str]:
        """Return the names of those who may approve."""
        return [name async for name in self._listed("approvers") if await self.approver(name) is not None]

    async def put_frozen(self, frozen: Frozen, most: int) -> bool:
        """Store a proposal, unless its agent made *most* of them on that day. Returns whether it was stored."""
        place = f"proposals:{frozen.agent}:{frozen.created_at.date()}"
        name = frozen.id
        await self._put(f"proposal:{name}", frozen.to_json(), _SHOWN, only_if_absent=True)
        for number in range(1, most + 1):
            if await self._put(f"{place}:{number}", name.encode(), _SHOWN + timedelta(days=1), only_if_absent=True):
                return True
        await self._notes.delete_note(self._key, f"proposal:{name}")
        return False

    async def frozen(self, proposal_id: str) -> Frozen | None:
        """Return a proposal as it was made.

        Raises:
            ConfigurationError: Its note was changed.
        """
        note = await self._get(f"proposal:{proposal_id}")
        return None if note is None else read_frozen(note, proposal_id)

    async def proposals(self, agent: str, day: date) -> AsyncIterator[str]:
        """Yield the ids of what *agent* proposed on *day*."""
        async for name in self._listed(f"proposals:{agent}:{day}"):
            yield name

    async def decide(self, proposal_id: str, decision: Decision) -> Decision:
        """Store a decision, unless there is one. Returns the decision that is valid."""
        note = orjson.dumps(decision._asdict())
        if await self._put(f"decision:{proposal_id}", note, _SHOWN, only_if_absent=True):
            return decision
        return await self.decision(proposal_id) or decision

    async def decision(self, proposal_id: str) -> Decision | None:
        """Return what was decided of a proposal."""
        note = await self._get(f"decision:{proposal_id}")
        return None if note is None else Decision(**_object(note))

    async def put_outcome(self, proposal_id: str, outcome: Outcome) -> None:
        """Keep what became of a proposal."""
        await self._put(f"outcome:{proposal_id}", orjson.dumps(outcome._asdict()), _SHOWN)

    async def outcome(self, proposal_id: str) -> Outcome | None:
        """Return what became of a proposal."""
        note = await self._get(f"outcome:{proposal_id}")
        return None if note is None else Outcome(**_object(note))

    def record_head(self, record: Path) -> "RecordHead":
        """Return the keeper of the newest line of *record*. Machines that share a store have one each."""
        return RecordHead(self._notes, self._key, f"{socket.gethostname()}:{record}")

    async def _list(self, index: str, name: str) -> None:
        """Add *name* to a list. Nothing is removed from it, so it has no gaps."""
        number = 1
        while True:
            place = f"{index}:{number}"
            if await self._put(place, name.encode(), _LONG, only_if_absent=True):
                return
            if await self._get(place) == name.encode():
                return
            number += 1

    async def _listed(self, index: str) -> AsyncIterator[str]:
        number = 1
        while (note := await self._get(f"{index}:{number}")) is not None:
            yield note.decode()
            number += 1

    async def _get(self, name: str) -> bytes | None:
        return await self._notes.get_note(self._key, name)

    async def _put(self, name: str, value: bytes, ttl: timedelta, *, only_if_absent: bool = False) -> bool:
        return await self._notes.put_note(self._key, name, value, ttl=ttl, only_if_absent=only_if_absent)


class RecordHead:
    """Remembers the newest line of one record.

    Args:
        notes: The store.
        key: The app's.
        record: Which record.
    """

    def __init__(self, notes: NoteStore, key: AccountKey, record: str) -> None:
        self._notes = notes
        self._key = key
        self._name = f"record:{digest_of(record)}"

    async def head(self) -> Head | None:
        """Return the newest line that was kept, or `None`."""
        note = await self._notes.get_note(self._key, self._name)
        return None if note is None else Head.from_json(note)

    async def keep_head(self, head: Head) -> None:
        """Remember *head*."""
        await self._notes.put_note(self._key, self._name, head.to_json(), ttl=_LONG, only_if_absent=False)


def _object(note: bytes) -> dict[str, Any]:
    data: Any = orjson.loads(note)
    return cast("dict[str, Any]", data)


def days_of(now: datetime, lives: timedelta) -> list[date]:
    """Return the days on which a proposal that has not ended may have been made, the oldest first."""
    return [(now - timedelta(days=back)).date() for back in range(lives.days + 1, -1, -1)]
