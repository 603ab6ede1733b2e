"""The context of one tool call: the session, and the grant that the call was checked against."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import frozen

from tiktok_async.agents._kept import Kept
from tiktok_async.agents._posting import Posting
from tiktok_async.agents.rules.arguments import Refused
from tiktok_async.agents.rules.grant import AgentGrant
from tiktok_async.agents.rules.operations import Operation
from tiktok_async.agents.rules.proposal import Proposal
from tiktok_async.api.account import Account
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Endpoint
from tiktok_async.models._http import Response
from tiktok_async.session import TikTokSession

__all__ = ["Work"]


@frozen(slots=True, kw_only=True)
class Work:
    """One call.

    Attributes:
        session: Asks TikTok.
        kept: Grants and proposals.
        posting: Posts what needs no approval.
        find: Finds a proposal by its id.
        grant: What the agent may do now.
        operation: What it does.
        open_id: The account, if the operation works on one.
    """

    session: TikTokSession
    kept: Kept
    posting: Posting
    find: Callable[[str], Awaitable[Proposal]]
    grant: AgentGrant
    operation: Operation
    open_id: str | None

    @property
    def account(self) -> Account:
        """The account that the operation works on."""
        if self.open_id is None:
            raise AssertionError(self.operation)
        return self.session.account(self.open_id)

    async def creator_info(self) -> Response:
        """Ask TikTok what the account's creator allows now."""
        endpoint = Endpoint.CREATOR_INFO
        return await self.session.request(endpoint.method, endpoint.path, open_id=self.account.open_id, json={})

    def fields(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the granted fields that the call asks for."""
        granted = self.grant.fields_for(self.operation)
        asked = given["fields"]
        return granted if asked is None else tuple(name for name in granted if name in asked)

    async def own_proposal(self, proposal_id: str) -> Proposal:
        """Return a proposal of this agent for an account that is granted to it.

        Raises:
            Refused: There is none of that id.
        """
        try:
            found = await self.find(proposal_id)
        except ConfigurationError:
            found = None
        if found is None or found.frozen.agent != self.grant.agent or found.frozen.account not in self.grant.accounts:
            raise Refused("You made no proposal of that id")
        return found
