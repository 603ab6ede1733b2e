"""The tools: the arguments of each, which depend on the grant, and the function that runs it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import orjson
from attrs import frozen

from tiktok_async._decoding.answers import member
from tiktok_async.agents._answers import Answer, chosen, safe
from tiktok_async.agents._proposing import propose
from tiktok_async.agents._work import Work
from tiktok_async.agents.rules.arguments import Kind, Parameter, Refused
from tiktok_async.agents.rules.grant import AgentGrant
from tiktok_async.agents.rules.operations import BY_TOOL, Operation
from tiktok_async.api.pages import Pages
from tiktok_async.api.research.calls import check_username
from tiktok_async.models import USER_FIELD_SCOPES, Endpoint, Page, UserField

if TYPE_CHECKING:
    from tiktok_async.models._wire import WireModel

__all__ = ["Tool", "tools_of"]

Run = Callable[[Work, Mapping[str, Any]], Awaitable[Answer]]

_MOST_IDS = 20
_MOST_A_PAGE = 20
_MOST_RESEARCH = 100
_MOST_EMPTY = 5
_LARGEST_CURSOR = 2**63 - 1


@frozen(slots=True, kw_only=True)
class Tool:
    """One tool as one agent sees it.

    Attributes:
        operation: What is granted.
        about: What it does, for the agent.
        parameters: What it takes.
        run: Carries it out.
    """

    operation: Operation
    about: str
    parameters: tuple[Parameter, ...]
    run: Run


def tools_of(grant: AgentGrant) -> dict[str, Tool]:
    """Return the tools of *grant*, by name. What is not granted is left out."""
    found: dict[str, Tool] = {}
    for operation in grant.tools():
        about, parameters, run = _TOOLS[operation.tool]
        taken = (*_account(operation, grant), *_fields(operation, grant), *parameters(grant))
        found[operation.tool] = Tool(operation=operation, about=about, parameters=taken, run=run)
    return found


def _account(operation: Operation, grant: AgentGrant) -> tuple[Parameter, ...]:
    if not operation.of_account or not operation.names_account:
        return ()
    accounts = tuple(sorted(grant.accounts))
    about = "The account's open_id." if len(accounts) > 1 else "The account's open_id; there is only this one."
    return (Parameter(name="account", kind=Kind.TEXT, about=about, required=len(accounts) > 1, choices=accounts),)


def _fields(operation: Operation, grant: AgentGrant) -> tuple[Parameter, ...]:
    if operation.area is None:
        return ()
    names = grant.fields_for(operation)
    about = "Which fields; all that are granted by default."
    return (Parameter(name="fields", kind=Kind.TEXTS, about=about, choices=names, most=len(names)),)


async def _profile(work: Work, given: Mapping[str, Any]) -> Answer:
    wanted = work.fields(given)
    if given["fields"] is None:
        token = await work.account.token()
        # A field that the user's login does not cover would fail the whole call.
        wanted = tuple(
            name for name in wanted if not token.scopes or USER_FIELD_SCOPES[UserField(name)] in token.scopes
        )
        if not wanted:
            raise Refused("The user's login covers none of the granted fields")
    response = await work.session.request(
        Endpoint.USER_INFO.method,
        Endpoint.USER_INFO.path,
        open_id=work.account.open_id,
        params={"fields": ",".join(wanted)},
    )
    return Answer(own={}, data={"user": _picked(member(response, "user"), wanted)}, log_id=response.log_id)


async def _creator_info(work: Work, given: Mapping[str, Any]) -> Answer:
    response = await work.creator_info()
    return Answer(own={}, data={"creator": _picked(response.data, work.fields(given))}, log_id=response.log_id)


async def _videos(work: Work, given: Mapping[str, Any]) -> Answer:
    wanted = work.fields(given)
    pages = work.account.videos(fields=wanted, page_size=given["limit"] or _MOST_A_PAGE, cursor=given["cursor"])
    return await _page(pages, "videos", wanted)


async def _videos_by_id(work: Work, given: Mapping[str, Any]) -> Answer:
    wanted = work.fields(given)
    return await _page(work.account.videos_by_id(given["ids"], fields=wanted), "videos", wanted)


async def _post_status(work: Work, given: Mapping[str, Any]) -> Answer:
    proposal = await work.own_proposal(given["proposal"])
    account = proposal.frozen.account
    own: dict[str, Any] = {"proposal": proposal.id, "state": str(proposal.state), "account": account}
    if proposal.publish_id is None:
        return Answer(own=own)
    status = await work.session.account(account).publish(proposal.publish_id).status()
    data = {
        "state": str(status.state),
        "fail_reason": None if status.fail_reason is None else str(status.fail_reason),
        "post_ids": list(status.post_ids),
    }
    return Answer(own=own, data=data, log_id=status.log_id)


async def _research_videos(work: Work, given: Mapping[str, Any]) -> Answer:
    wanted = work.fields(given)
    pages = work.session.research.videos(
        orjson.dumps(given["query"]).decode(),
        start=_day("start", given["start"]),
        end=_day("end", given["end"]),
        fields=wanted,
        limit=given["limit"] or _MOST_A_PAGE,
        checkpoint=given["checkpoint"],
    )
    return await _page(pages, "videos", wanted)


async def _research_user(work: Work, given: Mapping[str, Any]) -> Answer:
    wanted = work.fields(given)
    # Not `research.user`: what that returns has no log_id for the record.
    response = await work.session.request(
        Endpoint.RESEARCH_USER_INFO.method,
        Endpoint.RESEARCH_USER_INFO.path,
        client=True,
        params={"fields": ",".join(wanted)},
        json={"username": check_username(given["username"])},
    )
    return Answer(own={}, data={"user": _picked(response.data, wanted)}, log_id=response.log_id)


async def _research_comments(work: Work, given: Mapping[str, Any]) -> Answer:
    wanted = work.fields(given)
    pages = work.session.research.comments(
        given["video_id"], fields=wanted, limit=given["limit"] or _MOST_A_PAGE, cursor=given["cursor"]
    )
    return await _page(pages, "comments", wanted)


def _research_list(method: str, name: str, *, asks_fields: bool) -> Run:
    async def run(work: Work, given: Mapping[str, Any]) -> Answer:
        wanted = work.fields(given)
        options: dict[str, Any] = {"fields": wanted} if asks_fields else {}
        if "limit" in given:
            options |= {"limit": given["limit"] or _MOST_A_PAGE, "cursor": given["cursor"]}
        pages: Pages[Any] = getattr(work.session.research, method)(given["username"], **options)
        return await _page(pages, name, wanted)

    return run


async def _page(pages: Pages[Any], name: str, wanted: tuple[str, ...]) -> Answer:
    page: Page[WireModel] | None = None
    async with aclosing(pages.pages()) as walk:
        # A page may be empty although more pages follow. An agent would take it for the end.
        for _ in range(_MOST_EMPTY):
            page = await anext(walk, page)
            if page is None or page.items or not page.has_more:
                break
    if page is None:
        return Answer(own={}, data={name: [], "has_more": False})
    data: dict[str, Any] = {name: chosen(page.items, wanted), "has_more": page.has_more}
    if page.cursor is not None:
        data["cursor"] = safe(page.cursor)
    if page.checkpoint is not None:
        data["checkpoint"] = page.checkpoint
    return Answer(own={}, data=data, log_id=page.log_id)


def _picked(found: object, wanted: tuple[str, ...]) -> dict[str, Any]:
    values: Mapping[str, Any] = cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}
    return {name: safe(values[name]) for name in wanted if name in values}


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("The arguments do not fit this tool", [f"{name} is not a day such as 2026-11-28"]) from None


def _text(name: str, about: str, *, most: int = 200) -> Parameter:
    return Parameter(name=name, kind=Kind.TEXT, about=about, required=True, most=most)


def _flag(name: str, about: str) -> Parameter:
    return Parameter(name=name, kind=Kind.FLAG, about=about)


def _limit(most: int) -> Parameter:
    return Parameter(name="limit", kind=Kind.NUMBER, about="The most items of this call.", least=1, most=most)


_CURSOR = Parameter(
    name="cursor",
    kind=Kind.NUMBER,
    about="Where an earlier call ended: its `cursor`.",
    least=0,
    most=_LARGEST_CURSOR,
)
_FILE = _text("file", "The video: a path inside the media folder, such as `clips/one.mp4`.", most=1_000)
_USERNAME = _text("username", "The handle, without @.")


def _post_parameters(grant: AgentGrant) -> tuple[Parameter, ...]:
    levels = tuple(str(level) for level in grant.levels())
    return (
        _FILE,
        Parameter(name="privacy_level", kind=Kind.TEXT, about="Who may see it.", required=True, choices=levels),
        Parameter(name="title", kind=Kind.TEXT, about="The caption; #tags and @mentions work in it.", most=2_200),
        _flag("disable_comment", "Nobody may comment."),
        _flag("disable_duet", "Nobody may make a duet."),
        _flag("disable_stitch", "Nobody may stitch."),
        _flag("brand_content_toggle", "It is a paid partnership."),
        _flag("brand_organic_toggle", "It promotes the creator's own business."),
        _flag("is_aigc", "It is made by AI."),
        Parameter(
            name="video_cover_timestamp_ms",
            kind=Kind.NUMBER,
            about="The frame that becomes the cover, in milliseconds from the start.",
            least=0,
            most=2**31 - 1,
        ),
    )


def _fixed(*parameters: Parameter) -> Callable[[AgentGrant], tuple[Parameter, ...]]:
    def given(grant: AgentGrant) -> tuple[Parameter, ...]:
        del grant
        return parameters

    return given


async def _draft(work: Work, given: Mapping[str, Any]) -> Answer:
    return await propose(work, given, draft=True)


async def _propose(work: Work, given: Mapping[str, Any]) -> Answer:
    return await propose(work, given, draft=False)


_A_LIST = _fixed(_USERNAME, _limit(_MOST_RESEARCH), _CURSOR)

_TOOLS: Mapping[str, tuple[str, Callable[[AgentGrant], tuple[Parameter, ...]], Run]] = {
    "profile": ("Return the profile of an account.", _fixed(), _profile),
    "videos": (
        "List an account's public videos, the newest first, one page a call.",
        _fixed(_limit(_MOST_A_PAGE), _CURSOR),
        _videos,
    ),
    "videos_by_id": (
        "Look up videos of an account by their ids.",
        _fixed(Parameter(name="ids", kind=Kind.TEXTS, about="Their ids.", required=True, most=_MOST_IDS)),
        _videos_by_id,
    ),
    "creator_info": ("Return what a creator may post right now.", _fixed(), _creator_info),
    "post_status": (
        "Tell what became of a proposal or a draft of yours.",
        _fixed(_text("proposal", "Its id.", most=64)),
        _post_status,
    ),
    "propose_post": (
        "Propose to post a video. Nothing is posted: everything is checked, and a person decides.",
        _post_parameters,
        _propose,
    ),
    "send_draft": (
        "Send a video to the creator's inbox in TikTok, where the creator finishes and posts it, or does not.",
        _fixed(_FILE),
        _draft,
    ),
    "research_videos": (
        "Search public videos with TikTok's Research API, one page a call; each call costs quota.",
        _fixed(
            Parameter(
                name="query",
                kind=Kind.OBJECT,
                about="The query in TikTok's JSON: lists of conditions under `and`, `or` and `not`.",
                required=True,
            ),
            _text("start", "The first day (UTC), such as 2026-11-28.", most=10),
            _text("end", "The last day (UTC).", most=10),
            _limit(_MOST_RESEARCH),
            Parameter(
                name="checkpoint", kind=Kind.TEXT, about="Where an earlier call ended: its `checkpoint`.", most=20_000
            ),
        ),
        _research_videos,
    ),
    "research_user": ("Return a public profile.", _fixed(_USERNAME), _research_user),
    "research_comments": (
        "List the comments on a public video.",
        _fixed(_text("video_id", "The video."), _limit(_MOST_RESEARCH), _CURSOR),
        _research_comments,
    ),
    "research_liked_videos": (
        "List the videos that a user liked.",
        _A_LIST,
        _research_list("liked_videos", "videos", asks_fields=True),
    ),
    "research_pinned_videos": (
        "List the videos that a user pinned.",
        _fixed(_USERNAME),
        _research_list("pinned_videos", "videos", asks_fields=True),
    ),
    "research_reposted_videos": (
        "List the videos that a user reposted.",
        _A_LIST,
        _research_list("reposted_videos", "videos", asks_fields=True),
    ),
    "research_followers": (
        "List who follows a user.",
        _A_LIST,
        _research_list("followers", "people", asks_fields=False),
    ),
    "research_following": (
        "List whom a user follows.",
        _A_LIST,
        _research_list("following", "people", asks_fields=False),
    ),
}

if _TOOLS.keys() != BY_TOOL.keys():  # each operation has a tool, and each tool has an operation
    raise AssertionError(_TOOLS.keys() ^ BY_TOOL.keys())
