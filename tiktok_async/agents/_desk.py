"""The owner's side: who may do what, what waits for a decision, and what was done."""

import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from tiktok_async._files import absolute_path
from tiktok_async.abc import NoteStore
from tiktok_async.agents._gate import AgentGate
from tiktok_async.agents._kept import Decision, Kept, Outcome, days_of
from tiktok_async.agents._media import HeldFile, hold, resolved_folder
from tiktok_async.agents._posting import Posting, Sent
from tiktok_async.agents._record import Record
from tiktok_async.agents.rules.arguments import Refused
from tiktok_async.agents.rules.chain import Verification, recordable
from tiktok_async.agents.rules.grant import AgentGrant, digest_of, is_key, within
from tiktok_async.agents.rules.proposal import LIVES, Frozen, Proposal, ProposalState
from tiktok_async.errors import ConfigurationError, OutcomeUnknown, StoreError, TikTokError
from tiktok_async.models import CreatorInfo, Secret
from tiktok_async.session import TikTokSession

__all__ = ["AgentDesk", "RecordedCall"]

_AGENT = "agent"
_APPROVER = "approver"


@frozen(slots=True, kw_only=True)
class RecordedCall:
    """One call or decision, as the record tells of it.

    Attributes:
        call: Its id.
        at: When it came.
        agent: Whose call it was; of a decision: who decided.
        tool: The tool's name, as it was called; of the owner's side: what was done.
        operation: The endpoint's name.
        account: The account's open_id.
        arguments: What it was called with, without secrets, shortened.
        outcome: `ok`, `refused` or `failed`; `unknown` if the record has no outcome: the call is still
            running, or its process was killed.
        reason: Why it was refused or failed.
        proposal: The proposal that it made or decided.
        log_id: TikTok's id of its call.
        ended_at: When its outcome was recorded.
    """

    call: str
    at: datetime
    agent: str
    tool: str
    operation: str | None = None
    account: str | None = None
    arguments: dict[str, Any]
    outcome: str = "unknown"
    reason: str | None = None
    proposal: str | None = None
    log_id: str | None = None
    ended_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "call": self.call,
            "at": self.at.isoformat(),
            "agent": self.agent,
            "tool": self.tool,
            "operation": self.operation,
            "account": self.account,
            "arguments": self.arguments,
            "outcome": self.outcome,
            "reason": self.reason,
            "proposal": self.proposal,
            "log_id": self.log_id,
            "ended_at": None if self.ended_at is None else self.ended_at.isoformat(),
        }


class AgentDesk:
    """Grants, proposals and the record of one app's agents; any number of processes may have one on the same store.

    Args:
        session: The session that does what agents are granted. Its store must keep notes.
        record: The file that every call is written to; made when first needed, readable by its owner alone.

    Attributes:
        session: The session.

    Raises:
        ConfigurationError: The session's store keeps no notes.

    Example:
        >>> async def main(session, creator):
        ...     desk = AgentDesk(session, record="agents.jsonl")
        ...     grant = AgentGrant(
        ...         agent="reporter",
        ...         operations={"VIDEO_LIST"},
        ...         accounts={creator},
        ...         fields={"video.title", "video.view_count"},
        ...         ends_at=datetime(2027, 1, 1, tzinfo=UTC),
        ...     )
        ...     key = await desk.add(grant)
        ...     print(key.reveal())  # shown once: only a digest of it is kept
    """

    def __init__(self, session: TikTokSession, *, record: str | Path) -> None:
        store = session.store
        if not isinstance(store, NoteStore):
            raise ConfigurationError(
                f"Agents need a store that keeps notes, and {type(store).__name__} does not: see "
                "`tiktok_async.abc.NoteStore`."
            )
        self.session: TikTokSession = session
        self._kept = Kept(store, session.client_key)
        path = absolute_path(record)
        self._record = Record(path, self._kept.record_head(path), session.clock)
        self._posting = Posting(session, self._kept)

    async def add(self, grant: AgentGrant, *, approver: str | Secret | None = None) -> Secret:
        """Keep a new agent's grant.

        Args:
            grant: What it may do.
            approver: An approver's key, which a grant with `auto_approve` needs: it approves all its posts in advance.

        Returns:
            The agent's key. It cannot be read again: only a digest is kept.

        Raises:
            ConfigurationError: The agent exists, its media folder is not a folder, or *approver* is missing.
            StoreError: The store cannot be reached, or the record cannot be written.
        """
        by = await self._owner(grant, approver)
        grant = _real(grant)
        key = _new_key(_AGENT, grant.agent)
        await self._record_change(by, "add", grant)
        if not await self._kept.put_grant(grant, digest_of(key), new=True):
            raise ConfigurationError(f"There is an agent {grant.agent} already: change it, or revoke it first.")
        return Secret(key)

    async def change(self, grant: AgentGrant, *, approver: str | Secret | None = None) -> None:
        """Replace an agent's grant and keep its key. The new grant applies from the agent's next call on.

        Raises:
            ConfigurationError: There is no such agent, its media folder is not a folder, or *approver* is missing.
            StoreError: The store cannot be reached, or the record cannot be written.
        """
        by = await self._owner(grant, approver)
        grant = _real(grant)
        known = await self._kept.grant(grant.agent)
        if known is None:
            raise _no_agent(grant.agent)
        await self._record_change(by, "change", grant)
        await self._kept.put_grant(grant, known[1], new=False)

    async def revoke(self, agent: str) -> None:
        """Revoke an agent: its key, its grant and its proposals are no longer valid.

        Raises:
            ConfigurationError: There is no such agent.
            StoreError: The store cannot be reached.
        """
        if not await self._kept.drop_grant(agent):
            raise _no_agent(agent)
        await self._note({"what": "owner", "agent": "owner", "tool": "revoke", "arguments": {"agent": agent}})

    async def grants(self) -> list[AgentGrant]:
        """Return the grants of all agents, including those that have ended.

        Raises:
            StoreError: The store cannot be reached.
        """
        found = [await self._kept.grant(name) async for name in self._kept.agents()]
        return [kept[0] for kept in found if kept is not None]

    async def grant(self, agent: str) -> AgentGrant:
        """Return an agent's grant.

        Raises:
            ConfigurationError: There is no such agent.
            StoreError: The store cannot be reached.
        """
        kept = await self._kept.grant(agent)
        if kept is None:
            raise _no_agent(agent)
        return kept[0]

    async def add_approver(self, name: str, *, approver: str | Secret | None = None) -> Secret:
        """Let a person approve and refuse proposals.

        Args:
            name: The person's name: small letters, digits and `-`, at most 50.
            approver: The key of an existing approver. The first approver needs none.

        Returns:
            The person's key. It cannot be read again: only a digest is kept. An agent's key cannot approve anything.

        Raises:
            ConfigurationError: An approver of that name exists, or *approver* is missing.
            StoreError: The store cannot be reached, or the record cannot be written.
        """
        if not name or len(name) > 50 or not set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):  # noqa: PLR2004 - as an agent's name
            raise ConfigurationError("An approver's name is 1 to 50 small letters, digits and '-'.")
        by = "owner"
        if await self._kept.approvers():
            by = await self.approver(approver)
        key = _new_key(_APPROVER, name)
        await self._record.append({"what": "owner", "agent": by, "tool": "add approver", "arguments": {"name": name}})
        if not await self._kept.put_approver(name, digest_of(key)):
            raise ConfigurationError(f"There is an approver {name} already.")
        return Secret(key)

    async def remove_approver(self, name: str) -> None:
        """Remove a person from the approvers.

        Raises:
            ConfigurationError: There is no such approver.
            StoreError: The store cannot be reached.
        """
        if not await self._kept.drop_approver(name):
            raise ConfigurationError(f"There is no approver {name}.")
        await self._note({"what": "owner", "agent": "owner", "tool": "remove approver", "arguments": {"name": name}})

    async def approvers(self) -> list[str]:
        """Return the names of those who may approve."""
        return await self._kept.approvers()

    async def approver(self, key: str | Secret | None) -> str:
        """Return the name of the approver that *key* belongs to.

        Raises:
            ConfigurationError: It is not an approver's key.
            StoreError: The store cannot be reached.
        """
        name, digest = await self._holder(key, _APPROVER, self._kept.approver)
        if name is None or not is_key(_revealed(key), digest):
            raise ConfigurationError("This needs an approver's key, and this is not one: see `agents approver`.")
        return name

    async def agent_of(self, key: str | Secret | None) -> str | None:
        """Return the name of the agent that *key* belongs to, or `None`.

        Raises:
            StoreError: The store cannot be reached.
        """

        async def digest(agent: str) -> str | None:
            kept = await self._kept.grant(agent)
            return None if kept is None or not within(kept[0], self.session.clock.now()) else kept[1]

        name, kept = await self._holder(key, _AGENT, digest)
        return name if name is not None and is_key(_revealed(key), kept) else None

    async def gate(self, agent: str, *, fixed: bool = False) -> AgentGate:
        """Return the gate to an agent's tools. A server of any protocol calls it.

        Args:
            agent: The agent's name.
            fixed: Whether to ignore what is added to the grant from now on. What is removed from it always applies.

        Raises:
            ConfigurationError: There is no such agent.
            StoreError: The store cannot be reached.
        """
        start = await self.grant(agent)
        return AgentGate(
            agent,
            session=self.session,
            kept=self._kept,
            posting=self._posting,
            record=self._record,
            find=self.proposal,
            start=start if fixed else None,
        )

    async def proposals(self, states: Iterable[ProposalState | str] | None = None) -> list[Proposal]:
        """Return what was proposed in the last six days, the oldest first.

        Args:
            states: Only those in one of these states; `None` for all.

        Raises:
            StoreError: The store cannot be reached.
        """
        wanted = None if states is None else {str(state) for state in states}
        found: list[Proposal] = []
        agents = [name async for name in self._kept.agents()]
        for day in days_of(self.session.clock.now(), LIVES):
            for agent in agents:
                async for name in self._kept.proposals(agent, day):
                    frozen = await self._kept.frozen(name)
                    if frozen is not None:
                        found.append(await self._standing(name, frozen))
        found = [one for one in found if wanted is None or one.state in wanted]
        return sorted(found, key=lambda one: one.frozen.created_at)

    async def proposal(self, proposal_id: str) -> Proposal:
        """Return one proposal.

        Raises:
            ConfigurationError: There is none of that id, or it was changed in the store.
            StoreError: The store cannot be reached.
        """
        frozen = await self._kept.frozen(proposal_id)
        if frozen is None:
            raise ConfigurationError(f"There is no proposal {proposal_id[:64]}.")
        return await self._standing(proposal_id, frozen)

    async def approve(self, proposal_id: str, *, approver: str | Secret) -> Proposal:
        """Approve a proposal and post it. A repeated call continues the same post and never makes a second one.

        Args:
            proposal_id: The proposal's id.
            approver: The key of the person who approves.

        Returns:
            The proposal, with its `publish_id`.

        Raises:
            ConfigurationError: The key is not an approver's, a person refused the proposal, the agent's grant does not
                cover it any more, or the file is not the one that was proposed.
            OutcomeUnknown: The call that creates the post may have arrived. It is never made again: look at the
                creator's profile.
            TikTokError: TikTok refused, or the upload failed. Approve it again to continue.
            StoreError: The store cannot be reached, or the record cannot be written. Nothing was posted.
        """
        by = await self._decider(approver, "approve", proposal_id)
        proposal = await self.proposal(proposal_id)
        kept = await self._kept.grant(proposal.frozen.agent)
        call = await self._intend(by, "approve", proposal)
        try:
            grant = self._posting.refuse_uncovered(proposal.frozen, None if kept is None else kept[0])
            first = await self._kept.decision(proposal_id) is None
            decision = await self._kept.decide(proposal_id, Decision(approved=True, by=by))
            _refuse_refused(decision)
            sent = await self._posting.send(proposal.frozen, grant, check=first)
        except Refused as error:
            await self._end(call, by, "refused", reason=error.reason)
            raise ConfigurationError(f"Proposal {proposal_id} is not posted. {error.reason}.") from error
        except TikTokError as error:
            # The record must not say "failed" about a call that may have reached TikTok.
            outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
            log_id = getattr(error, "log_id", None)
            await self._end(call, by, outcome, reason=type(error).__name__, log_id=log_id)
            raise
        await self._end(call, by, "ok", log_id=_log_id(sent))
        return await self.proposal(proposal_id)

    async def refuse(self, proposal_id: str, *, approver: str | Secret, reason: str | None = None) -> Proposal:
        """Refuse a proposal for good.

        Args:
            proposal_id: The proposal's id.
            approver: The key of the person who refuses.
            reason: Why, for the agent.

        Raises:
            ConfigurationError: The key is not an approver's, or the proposal was approved before.
            StoreError: The store cannot be reached, or the record cannot be written.
        """
        by = await self._decider(approver, "refuse", proposal_id)
        proposal = await self.proposal(proposal_id)
        call = await self._intend(by, "refuse", proposal)
        decision = await self._kept.decide(proposal_id, Decision(approved=False, by=by, reason=recordable(reason)))
        if decision.approved:
            await self._end(call, by, "refused", reason="it was approved before")
            raise ConfigurationError(f"Proposal {proposal_id} was approved by {decision.by}; it cannot be refused now.")
        await self._end(call, by, "ok")
        return await self.proposal(proposal_id)

    async def creator_info(self, proposal: Proposal) -> CreatorInfo:
        """Return what the creator of a proposal allows now. TikTok requires a new request for each posting page."""
        return await self.session.account(proposal.frozen.account).creator_info()

    async def preview(self, proposal: Proposal) -> HeldFile:
        """Open the file of a proposal, to show it to a person. The caller closes it.

        Raises:
            ConfigurationError: The file is gone, was changed, or is not covered by the grant any more.
        """
        frozen = proposal.frozen
        kept = await self._kept.grant(frozen.agent)
        try:
            grant = self._posting.refuse_uncovered(frozen, None if kept is None else kept[0])
            held = await hold(grant.media_folder or "", frozen.file)
        except Refused as error:
            raise ConfigurationError(f"The video of proposal {proposal.id} cannot be shown. {error.reason}.") from error
        if held.sha256 != frozen.sha256:
            held.close()
            raise ConfigurationError(f"The video of proposal {proposal.id} is not the one that was proposed.")
        return held

    async def log(self, *, agent: str | None = None, last: int | None = None) -> list[RecordedCall]:
        """Return the calls and decisions of the record, the oldest first.

        Args:
            agent: Only those of this agent or person.
            last: The largest number to return; the newest ones are returned.

        Raises:
            StoreError: The record cannot be read.
        """
        calls: dict[str, RecordedCall] = {}
        async for entry in self._record.entries():
            call = str(entry.get("call", f"line-{entry['n']}"))
            match entry.get("what"):
                case "intent":
                    calls[call] = _recorded(call, entry)
                case "refused":
                    calls[call] = evolve(_recorded(call, entry), outcome="refused", ended_at=_moment(entry))
                case "owner":
                    calls[call] = evolve(_recorded(call, entry), outcome="ok", ended_at=_moment(entry))
                case "outcome" if call in calls:
                    calls[call] = evolve(
                        calls[call],
                        outcome=str(entry.get("outcome")),
                        reason=entry.get("reason"),
                        proposal=entry.get("proposal") or calls[call].proposal,
                        account=entry.get("account") or calls[call].account,
                        log_id=entry.get("log_id"),
                        ended_at=_moment(entry),
                    )
                case _:  # `verify` handles the marks of torn lines and gaps
                    continue
        found = (one for one in calls.values() if agent is None or one.agent == agent)
        return list(found) if last is None else list(deque(found, maxlen=last))

    async def verify(self) -> Verification:
        """Check every byte of the record, and tell whether and where one was changed, removed or cut off.

        Raises:
            StoreError: The record, or what the store remembers of it, cannot be read.
        """
        return await self._record.verify()

    async def _standing(self, proposal_id: str, frozen: Frozen) -> Proposal:
        decision = await self._kept.decision(proposal_id)
        outcome = await self._kept.outcome(proposal_id)
        over = self.session.clock.now() >= frozen.created_at + LIVES
        return Proposal(
            id=proposal_id,
            frozen=frozen,
            state=_state(decision, outcome, over=over),
            decided_by=None if decision is None else decision.by,
            publish_id=None if outcome is None else outcome.publish_id,
            reason=outcome.reason if outcome is not None else None if decision is None else decision.reason,
        )

    async def _decider(self, key: str | Secret, tool: str, proposal_id: str) -> str:
        try:
            return await self.approver(key)
        except ConfigurationError:
            # An attempt to decide without the right to do so is recorded.
            line = {"what": "refused", "agent": "nobody", "tool": tool, "reason": "no approver's key"}
            await self._note({**line, "arguments": {"proposal": recordable(proposal_id)}})
            raise

    async def _owner(self, grant: AgentGrant, approver: str | Secret | None) -> str:
        return await self.approver(approver) if grant.auto_approve else "owner"

    async def _record_change(self, by: str, tool: str, grant: AgentGrant) -> None:
        await self._record.append({"what": "owner", "agent": by, "tool": tool, "arguments": grant.to_dict()})

    async def _intend(self, by: str, tool: str, proposal: Proposal) -> str:
        call = secrets.token_hex(8)
        await self._record.append(
            {
                "what": "intent",
                "call": call,
                "agent": by,
                "tool": tool,
                "operation": "INBOX_INIT" if proposal.frozen.draft else "VIDEO_INIT",
                "account": proposal.frozen.account,
                "proposal": proposal.id,
                "arguments": {"proposal": proposal.id, "sha256": proposal.frozen.sha256},
            }
        )
        return call

    async def _end(
        self, call: str, by: str, outcome: str, *, reason: str | None = None, log_id: str | None = None
    ) -> None:
        await self._note(
            {"what": "outcome", "call": call, "agent": by, "outcome": outcome, "reason": reason, "log_id": log_id}
        )

    async def _note(self, line: dict[str, Any]) -> None:
        """Record what was done. If the record cannot be written, what was done is not undone."""
        try:
            await self._record.append(line)
        except StoreError:
            self._record.missed()

    @staticmethod
    async def _holder(
        key: str | Secret | None, kind: str, digest_of_name: Callable[[str], Awaitable[str | None]]
    ) -> tuple[str | None, str | None]:
        parts = _revealed(key).split(".")
        if len(parts) != len(("kind", "name", "secret")) or parts[0] != kind or len(parts[1]) > 50:  # noqa: PLR2004 - a name's length
            return None, None
        return parts[1], await digest_of_name(parts[1])


def _refuse_refused(decision: Decision) -> None:
    if not decision.approved:
        raise Refused(f"{decision.by} refused it")


def _state(decision: Decision | None, outcome: Outcome | None, *, over: bool) -> ProposalState:
    if decision is None:
        return ProposalState.ENDED if over else ProposalState.PENDING
    if not decision.approved:
        return ProposalState.REFUSED
    return ProposalState.APPROVED if outcome is None else ProposalState(outcome.state)


def _real(grant: AgentGrant) -> AgentGrant:
    folder = grant.media_folder
    return grant if folder is None else evolve(grant, media_folder=resolved_folder(folder))


def _new_key(kind: str, name: str) -> str:
    return f"{kind}.{name}.{secrets.token_urlsafe(32)}"


def _revealed(key: str | Secret | None) -> str:
    return key.reveal() if isinstance(key, Secret) else key or ""


def _no_agent(agent: str) -> ConfigurationError:
    return ConfigurationError(f"There is no agent {agent[:50]!r}: see `agents list`.")


def _log_id(sent: Sent) -> str | None:
    return None if sent.status is None else sent.status.log_id


def _moment(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])


def _recorded(call: str, entry: dict[str, Any]) -> RecordedCall:
    return RecordedCall(
        call=call,
        at=_moment(entry),
        agent=str(entry.get("agent")),
        tool=str(entry.get("tool")),
        operation=entry.get("operation"),
        account=entry.get("account"),
        arguments=entry.get("arguments") or {},
        reason=entry.get("reason"),
        proposal=entry.get("proposal"),
    )
