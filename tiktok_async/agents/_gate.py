"""One agent's gate: each call is checked against the current grant, recorded, carried out, and its outcome recorded."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tiktok_async.agents._answers import Answer, failure, marked
from tiktok_async.agents._kept import Kept
from tiktok_async.agents._posting import Posting
from tiktok_async.agents._record import Record
from tiktok_async.agents._tools import Tool, tools_of
from tiktok_async.agents._work import Work
from tiktok_async.agents.rules.arguments import Refused, read_arguments
from tiktok_async.agents.rules.chain import recordable
from tiktok_async.agents.rules.grant import AgentGrant, narrower, within
from tiktok_async.agents.rules.proposal import Proposal
from tiktok_async.errors import StoreError, TikTokError, scrub
from tiktok_async.session import TikTokSession

__all__ = ["AgentGate"]

_logger = logging.getLogger("tiktok_async.agents")

_NO_TOOL = "There is no tool of that name"
_NO_GRANT = "The grant has ended or was revoked"
_NO_STORE = "The store of grants cannot be reached, so nothing is known to be granted"
_NO_RECORD = "The record of calls cannot be written, so nothing is posted or proposed until it can"
_FAILED = "The call failed; `from_tiktok` holds what is known."
_BROKEN = "The call failed inside this server; its log says more."


class AgentGate:
    """The access of one agent to its tools.

    Args:
        agent: The agent's name.
        session: Asks TikTok.
        kept: Grants and proposals.
        posting: Posts what needs no approval.
        record: Gets every call.
        find: Finds a proposal by its id.
        start: The grant when this gate was made: what was added to it later does not apply here. `None`: always the
                current grant.
    """

    def __init__(
        self,
        agent: str,
        *,
        session: TikTokSession,
        kept: Kept,
        posting: Posting,
        record: Record,
        find: Callable[[str], Awaitable[Proposal]],
        start: AgentGrant | None = None,
    ) -> None:
        self.agent = agent
        self._session = session
        self._kept = kept
        self._posting = posting
        self._record = record
        self._find = find
        self._start = start

    async def grant(self) -> AgentGrant | None:
        """Return what the agent may do now; `None` for nothing.

        Raises:
            StoreError: The store cannot be reached.
        """
        kept = await self._kept.grant(self.agent)
        if kept is None:
            return None
        grant = kept[0] if self._start is None else narrower(self._start, kept[0])
        return grant if grant is not None and within(grant, self._session.clock.now()) else None

    async def tools(self) -> list[Tool]:
        """Return the tools that are granted now.

        Raises:
            StoreError: The store cannot be reached.
        """
        grant = await self.grant()
        return [] if grant is None else list(tools_of(grant).values())

    async def call(self, name: str, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
        """Carry out one call, or refuse it; either is recorded.

        Returns:
            What the agent is told: `outcome` is `ok`, `refused` or `failed`.
        """
        given = dict(arguments or {})
        call = secrets.token_hex(8)
        line: dict[str, Any] = {
            "call": call,
            "agent": self.agent,
            "tool": recordable(name[:50]),
            "operation": None,
            "account": None,
            "arguments": recordable(given),
        }
        try:
            granted, tool = _granted(await self._grant_now(), name)
            line["operation"] = tool.operation.endpoint.name
            checked = read_arguments(tool.parameters, given)
            line["account"] = account = _account(tool, granted, checked)
            await self._intend(tool, line)
        except Refused as error:
            await self._tell({**line, "what": "refused", "reason": error.reason})
            return _refusal(call, error)
        work = Work(
            session=self._session,
            kept=self._kept,
            posting=self._posting,
            find=self._find,
            grant=granted,
            operation=tool.operation,
            open_id=account,
        )
        told, outcome = await _done(tool, work, checked, call)
        await self._tell({"what": "outcome", "call": call, "agent": self.agent, **outcome})
        return told

    async def _grant_now(self) -> AgentGrant | None:
        try:
            return await self.grant()
        except StoreError as error:
            raise Refused(_NO_STORE) from error

    async def _intend(self, tool: Tool, line: Mapping[str, Any]) -> None:
        """Record what is about to be done.

        Raises:
            Refused: It cannot be recorded, and it is more than reading.
        """
        try:
            await self._record.append({**line, "what": "intent"})
        except StoreError as error:
            if tool.operation.writes:
                raise Refused(_NO_RECORD) from error
            self._record.missed()

    async def _tell(self, line: Mapping[str, Any]) -> None:
        try:
            await self._record.append(line)
        except StoreError:
            # The call is already done. The next line that can be written says how many lines are missing.
            self._record.missed()


def _granted(grant: AgentGrant | None, name: str) -> tuple[AgentGrant, Tool]:
    if grant is None:
        raise Refused(_NO_GRANT)
    tool = tools_of(grant).get(name)
    if tool is None:
        # The message does not tell whether such a tool exists.
        raise Refused(_NO_TOOL)
    return grant, tool


async def _done(tool: Tool, work: Work, given: Mapping[str, Any], call: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the answer for the agent, and the outcome for the record."""
    try:
        answer = await tool.run(work, given)
    except Refused as error:
        return _refusal(call, error), {"outcome": "refused", "reason": error.reason}
    except TikTokError as error:
        kind = type(error).__name__
        words, log_id = failure(error)
        told = {"outcome": "failed", "call": call, "error": kind, "said": _FAILED, "from_tiktok": words}
        return told, {"outcome": "failed", "reason": kind, "log_id": log_id}
    except Exception as error:
        _logger.exception("A tool of the agents' server failed: %s", tool.operation.tool)
        kind = type(error).__name__
        told = {"outcome": "failed", "call": call, "error": "InternalError", "said": _BROKEN}
        return told, {"outcome": "failed", "reason": scrub(kind)}
    return _answer(call, answer), {"outcome": "ok", "log_id": answer.log_id, **_public(answer)}


def _public(answer: Answer) -> dict[str, Any]:
    return {name: answer.own[name] for name in ("proposal", "state", "account") if answer.own.get(name) is not None}


def _answer(call: str, answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"outcome": "ok", "call": call, **answer.own}
    if answer.data is not None:
        told["from_tiktok"] = marked(answer.data, answer.log_id)
    return told


def _refusal(call: str, error: Refused) -> dict[str, Any]:
    told: dict[str, Any] = {"outcome": "refused", "call": call, "said": error.reason}
    if error.problems:
        told["problems"] = list(error.problems)
    return told


def _account(tool: Tool, grant: AgentGrant, given: Mapping[str, Any]) -> str | None:
    if not tool.operation.of_account or not tool.operation.names_account:
        return None
    # `read_arguments` has refused an account that is not granted. A single granted account need not be named.
    account: str | None = given["account"]
    return next(iter(grant.accounts)) if account is None else account
