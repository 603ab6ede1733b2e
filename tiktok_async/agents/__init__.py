"""A gateway for AI agents: each gets exactly the access it needs, a person approves its posts, every call is recorded.

`AgentDesk` is the owner's side. `serve_stdio` and `asgi_app` serve an agent's tools over the Model Context Protocol and
need the extra `agents`; `approval_page` is the page on which a person decides, and needs no framework.
"""

from tiktok_async.agents._desk import AgentDesk, RecordedCall
from tiktok_async.agents._gate import AgentGate
from tiktok_async.agents._page import approval_page
from tiktok_async.agents._protocol import asgi_app, serve_stdio
from tiktok_async.agents.rules.chain import Verification
from tiktok_async.agents.rules.grant import AgentGrant
from tiktok_async.agents.rules.proposal import Frozen, Proposal, ProposalState

__all__ = [
    "AgentDesk",
    "AgentGate",
    "AgentGrant",
    "Frozen",
    "Proposal",
    "ProposalState",
    "RecordedCall",
    "Verification",
    "approval_page",
    "asgi_app",
    "serve_stdio",
]
