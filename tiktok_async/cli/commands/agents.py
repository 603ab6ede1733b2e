"""`tiktok-async agents`."""

import os
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from attrs import frozen
from cyclopts import App, Parameter

from tiktok_async._files import absolute_path
from tiktok_async.cli._folders import data_folder
from tiktok_async.cli._output import Json, note, write_json, write_record, write_table
from tiktok_async.cli._session import DEFAULTS, Options, opened
from tiktok_async.errors import ConfigurationError, TikTokError
from tiktok_async.models import PrivacyLevel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tiktok_async.agents import AgentDesk, Proposal

command: App = App(name="agents", help="Give AI agents exactly the access they need, and decide what they post.")

_Flag = Annotated[bool, Parameter(negative="", show_default=False)]
_Several = Annotated[list[str], Parameter(negative="")]
_KEY = "TIKTOK_APPROVER_KEY"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@Parameter(name="*", group="Record")
@frozen(kw_only=True)
class Where:
    """The place of the record of calls.

    Attributes:
        record: The file to which every call is written; by default in your data directory.
    """

    record: Annotated[Path | None, Parameter(env_var="TIKTOK_AGENTS_RECORD")] = None


_WHERE = Where()


@command.command
async def add(
    name: str,
    /,
    *,
    operation: _Several,
    account: Annotated[list[str] | None, Parameter(name=("--account", "-a"), negative="")] = None,
    field: _Several | None = None,
    privacy: PrivacyLevel | None = None,
    media_folder: Path | None = None,
    posts_a_day: int = 0,
    days: float = 30,
    auto_approve: _Flag = False,
    change: _Flag = False,
    json: Json = False,
    where: Where = _WHERE,
    options: Options = DEFAULTS,
) -> None:
    """Grant an agent access, and show its key once.

    Args:
        name: The agent's name: small letters, digits and `-`.
        operation: An operation it may use, such as VIDEO_LIST; VIDEO_INIT proposes posts, INBOX_INIT sends drafts.
            May be repeated, like the next two options.
        account: The open_id of an account it may use.
        field: A field it may see, such as `video.title`; `video.*` is every field of the area.
        privacy: The widest audience that its posts may have.
        media_folder: The folder whose files it may propose.
        posts_a_day: How many posts it may propose and drafts it may send in a day (UTC).
        days: When the grant ends, in days from now.
        auto_approve: Post its proposals without asking anybody; needs an approver's key. Then everybody who can put
            text into the agent's input can post as the account.
        change: Replace the grant of an existing agent; its key stays.
        json: Write one JSON document.
        where: Where the record is.
        options: The session's options.
    """
    from tiktok_async.agents import AgentGrant

    async with _desk(where, options) as desk:
        grant = AgentGrant(
            agent=name,
            operations=operation,
            accounts=account or (),
            fields=field or (),
            widest_privacy=privacy,
            media_folder=None if media_folder is None else str(absolute_path(media_folder)),
            posts_a_day=posts_a_day,
            ends_at=desk.session.clock.now() + timedelta(days=days),
            auto_approve=auto_approve,
        )
        approver = _approver_key() if auto_approve else None
        if change:
            await desk.change(grant, approver=approver)
            note(f"Changed. The new grant applies from {name}'s next call on.")
            return
        key = await desk.add(grant, approver=approver)
        _write_key("agent", name, key.reveal(), json=json)


@command.command(name="list")
async def list_(*, json: Json = False, where: Where = _WHERE, options: Options = DEFAULTS) -> None:
    """List the agents and what they may do.

    Args:
        json: Write one JSON document on a line.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        grants = [grant.to_dict() for grant in await desk.grants()]
    if json:
        for grant in grants:
            write_json(grant)
        return
    names = ("agent", "operations", "accounts", "ends_at", "auto_approve")
    write_table(names, [[_joined(grant[name]) for name in names] for grant in grants])


@command.command
async def show(name: str, /, *, json: Json = False, where: Where = _WHERE, options: Options = DEFAULTS) -> None:
    """Show what one agent may do.

    Args:
        name: The agent.
        json: Write one JSON document.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        _write((await desk.grant(name)).to_dict(), json=json)


@command.command
async def revoke(name: str, /, *, where: Where = _WHERE, options: Options = DEFAULTS) -> None:
    """Revoke an agent's key and grant; its proposals can no longer be approved.

    Args:
        name: The agent.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        await desk.revoke(name)
    note(f"{name} has no access any more.")


@command.command
async def approver(
    name: str,
    /,
    *,
    remove: _Flag = False,
    json: Json = False,
    where: Where = _WHERE,
    options: Options = DEFAULTS,
) -> None:
    """Let a person approve the proposals of agents, and show that person's key once.

    The first approver needs no key. To add another one, an approver's key is needed.

    Args:
        name: The person's name: small letters, digits and `-`.
        remove: Remove the person from the approvers instead.
        json: Write one JSON document.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        if remove:
            await desk.remove_approver(name)
            note(f"{name} is no approver any more.")
            return
        by = _approver_key() if await desk.approvers() else None
        _write_key("approver", name, (await desk.add_approver(name, approver=by)).reveal(), json=json)


@command.command
async def serve(
    *,
    agent: str | None = None,
    http: _Flag = False,
    approvals: _Flag = False,
    host: str = "127.0.0.1",
    port: int = 8901,
    where: Where = _WHERE,
    options: Options = DEFAULTS,
) -> None:
    """Serve an agent's tools over the Model Context Protocol on standard input and output, or over HTTP.

    Args:
        agent: The agent whose tools to serve on standard input and output.
        http: Serve all agents' tools at /mcp instead. A client sends the agent's key as bearer token.
        approvals: Serve instead the page on which people approve and refuse proposals.
        host: The address for HTTP. If other machines can reach it, put a proxy with TLS in front of it.
        port: The port for HTTP.
        where: Where the record is.
        options: The session's options.
    """
    from tiktok_async.agents import approval_page, asgi_app, serve_stdio

    if sum((agent is not None, http, approvals)) != 1:
        raise ConfigurationError("Say what to serve: --agent NAME, --http or --approvals.")
    async with _desk(where, options) as desk:
        if agent is not None:
            await serve_stdio(desk, agent)
        elif http:
            names = [*_LOOPBACK, host]
            await _serve_http(
                asgi_app(desk, hosts=[f"[{name}]" if ":" in name else name for name in names]), host, port
            )
        else:
            await _serve_http(approval_page(desk), host, port)


@command.command
async def proposals(
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    json: Json = False,
    where: Where = _WHERE,
    options: Options = DEFAULTS,
) -> None:
    """List the proposals of agents that nobody has decided yet.

    Args:
        all_: List the proposals that were decided in the last six days, too.
        json: Write one JSON document on a line.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        found = await desk.proposals(None if all_ else ["pending"])
    if json:
        for one in found:
            write_json(one.to_dict())
        return
    write_table(
        ("proposal", "state", "agent", "account", "file", "audience", "title"),
        [
            [
                one.id,
                str(one.state),
                one.frozen.agent,
                one.frozen.account,
                one.frozen.file,
                one.frozen.post.get("privacy_level"),
                one.frozen.post.get("title"),
            ]
            for one in found
        ],
    )


@command.command
async def approve(proposal: str, /, *, json: Json = False, where: Where = _WHERE, options: Options = DEFAULTS) -> None:
    """Approve a proposal and post it. A repeated command continues the same post.

    The approver's key comes from TIKTOK_APPROVER_KEY, from a prompt on a terminal, or from standard input.

    Args:
        proposal: Its id.
        json: Write one JSON document.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        found = await desk.proposal(proposal)
        if sys.stdin.isatty():
            write_record(_shown(found))
            note("By posting, you agree to TikTok's Music Usage Confirmation, and for paid partnerships to its")
            note("Branded Content Policy. The texts above may come from a stranger: follow no instructions in them.")
        done = await desk.approve(proposal, approver=_approver_key())
    _write(done.to_dict() if json else _shown(done), json=json)


@command.command
async def refuse(
    proposal: str, /, *, reason: str | None = None, where: Where = _WHERE, options: Options = DEFAULTS
) -> None:
    """Refuse a proposal for good.

    Args:
        proposal: Its id.
        reason: Why, for the agent.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        await desk.refuse(proposal, approver=_approver_key(), reason=reason)
    note("Refused.")


@command.command
async def log(
    *,
    agent: str | None = None,
    last: int = 50,
    json: Json = False,
    where: Where = _WHERE,
    options: Options = DEFAULTS,
) -> None:
    """Show the calls of agents and the decisions of people, the newest last.

    A call whose outcome is `unknown` is under way, or its process was killed.

    Args:
        agent: Only those of this agent or person.
        last: The most lines to show.
        json: Write one JSON document on a line.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        calls = await desk.log(agent=agent, last=last)
    if json:
        for call in calls:
            write_json(call.to_dict())
        return
    names = ("at", "agent", "tool", "account", "outcome", "reason", "log_id")
    write_table(names, [[getattr(call, name) for name in names] for call in calls])


@command.command
async def verify(*, json: Json = False, where: Where = _WHERE, options: Options = DEFAULTS) -> None:
    """Check every byte of the record: whether one was changed, removed or cut off, and where.

    Args:
        json: Write one JSON document.
        where: Where the record is.
        options: The session's options.
    """
    async with _desk(where, options) as desk:
        found = await desk.verify()
    _write(found.to_dict(), json=json)
    if not found.intact:
        raise TikTokError(f"The record is not intact: line {found.line}, byte {found.offset}: {found.problem}.")


@asynccontextmanager
async def _desk(where: Where, options: Options) -> "AsyncGenerator[AgentDesk]":
    from tiktok_async.agents import AgentDesk

    record = where.record
    if record is None:
        folder = data_folder(instead="name the record by TIKTOK_AGENTS_RECORD or --record")
        record = folder / "agents.jsonl"
    async with opened(options) as (session, _):
        yield AgentDesk(session, record=record)


def _approver_key() -> str:
    from getpass import getpass

    key = os.environ.get(_KEY)
    if key is None:
        key = getpass("Approver's key: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise ConfigurationError(f"An approver's key is needed: type it, or set {_KEY}.")
    return key.strip()


def _write_key(kind: str, name: str, key: str, *, json: bool) -> None:
    if json:
        write_json({kind: name, "key": key})
    else:
        sys.stdout.write(f"{key}\n")
        note(f"This is the key of {name}. It is shown only once; keep it like a password.")


def _write(record: dict[str, Any], *, json: bool) -> None:
    if json:
        write_json(record)
    else:
        write_record({name: _joined(value) for name, value in record.items()})


def _joined(value: object) -> object:
    return " ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else value


def _shown(proposal: "Proposal") -> dict[str, Any]:
    frozen = proposal.frozen
    return {
        "proposal": proposal.id,
        "state": str(proposal.state),
        "reason": proposal.reason,
        "publish_id": proposal.publish_id,
        "agent": frozen.agent,
        "account": frozen.account,
        "file": frozen.file,
        "size": frozen.size,
        "sha256": frozen.sha256,
        **frozen.post,
    }


async def _serve_http(app: Any, host: str, port: int) -> None:  # noqa: ANN401 - any ASGI application
    try:
        import uvicorn
    except ImportError as error:
        raise ConfigurationError("Serving over HTTP needs an extra: pip install 'tiktok-async[agents]'.") from error
    import socket

    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigurationError(f"Nothing can be served on {host}:{port}: {error.strerror}.") from None
    with listening:
        note(f"Serving on http://{host}:{listening.getsockname()[1]} until Ctrl-C.")
        config = uvicorn.Config(app, log_level="warning", server_header=False, access_log=False, ws="none")
        await uvicorn.Server(config).serve(sockets=[listening])
