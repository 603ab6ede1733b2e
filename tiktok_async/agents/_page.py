"""The page on which a person approves or refuses: an ASGI application without a framework, to be mounted anywhere.

The browser asks for a name and a key, by HTTP's Basic authentication. Since browsers send that with every request, a
decision also needs a token that only this page shows, and comes from this page's own origin.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from html import escape
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from attrs import frozen

from tiktok_async.agents._desk import AgentDesk
from tiktok_async.agents._page_html import STYLE, Shown, list_page, message_page, proposal_page
from tiktok_async.agents.rules.proposal import Proposal, ProposalState, post_of
from tiktok_async.errors import ApiError, ConfigurationError, OutcomeUnknown, TikTokError
from tiktok_async.media import Consent, posting_form
from tiktok_async.models import CreatorInfo

__all__ = ["ApprovalPage", "approval_page"]

_Scope: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_MOST_BODY = 16 * 1024
_CHUNK = 1024 * 1024
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_SAFE = {
    "cache-control": "no-store",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; media-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_DRAFT = "It goes to the creator's inbox in TikTok, where the creator finishes and posts it."
_CONSENT = "The creator decides in TikTok what becomes of it."


@frozen(slots=True)
class _Reply:
    status: int
    body: str
    headers: Mapping[str, str] = {}


def approval_page(desk: AgentDesk) -> "ApprovalPage":
    """Return the page as an ASGI application: mount it under a path that ends with `/`, over HTTPS.

    Args:
        desk: Knows the proposals and the approvers.
    """
    return ApprovalPage(desk)


class ApprovalPage:
    """The ASGI application of `approval_page`.

    Args:
        desk: Knows the proposals and the approvers.
    """

    def __init__(self, desk: AgentDesk) -> None:
        self._desk = desk

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            approver, key = await self._who(scope)
        except ConfigurationError:
            ask = {"www-authenticate": 'Basic realm="approvals", charset="UTF-8"'}
            await _send(
                send, _Reply(401, message_page("Who are you?", "Your name and your approver's key.", "nobody"), ask)
            )
            return
        path = _path(scope)
        if scope["method"] in {"GET", "HEAD"} and path.endswith("/video"):
            await self._video(path.removesuffix("/video").strip("/"), send, approver)
            return
        await _send(send, await self._reply(scope, receive, path.strip("/"), approver, key))

    async def _reply(self, scope: _Scope, receive: _Receive, name: str, approver: str, key: str) -> _Reply:
        try:
            if name and scope["method"] == "POST":
                return await self._decide(scope, await _form(receive), name, approver, key)
            if scope["method"] not in {"GET", "HEAD"}:
                return _Reply(405, message_page("Not that way", "Decide on a proposal's page.", approver))
            if not name:
                return _Reply(200, list_page(reversed(await self._desk.proposals()), approver))
            proposal = await self._desk.proposal(name)
        except ConfigurationError as error:
            return _Reply(404, message_page("Not found", str(error), approver))
        return _Reply(200, proposal_page(proposal, await self._shown(proposal, approver, key)))

    async def _decide(self, scope: _Scope, form: Mapping[str, str], name: str, approver: str, key: str) -> _Reply:
        if not _same_origin(scope) or not _is_token(form.get("token", ""), key, name):
            return _Reply(403, message_page("Not decided", "That did not come from the proposal's own page.", approver))
        if form.get("decision") == "refuse":
            await self._desk.refuse(name, approver=key, reason=form.get("reason") or None)
            return _Reply(303, "", {"location": _here(scope)})
        proposal = await self._desk.proposal(name)
        level = proposal.frozen.post.get("privacy_level")
        if form.get("decision") != "approve" or form.get("consent") != "yes" or form.get("level", "") != (level or ""):
            return _Reply(
                400,
                message_page(
                    "Not posted",
                    "Choose who may see it, the same as the agent proposed, and agree to TikTok's terms. If it should "
                    "be seen by others, refuse it and let the agent propose it anew.",
                    approver,
                ),
            )
        return await self._approve(scope, name, approver, key)

    async def _approve(self, scope: _Scope, name: str, approver: str, key: str) -> _Reply:
        try:
            await self._desk.approve(name, approver=key)
        except OutcomeUnknown as error:
            return _Reply(502, message_page("Perhaps posted", str(error), approver))
        except ConfigurationError as error:
            return _Reply(409, message_page("Not posted", str(error), approver))
        except TikTokError as error:
            return _Reply(502, message_page("Not posted yet", f"{error} Approve it again to go on.", approver))
        return _Reply(303, "", {"location": _here(scope)})

    async def _shown(self, proposal: Proposal, approver: str, key: str) -> Shown:
        token = _token(key, proposal.id)
        if proposal.frozen.draft:
            return Shown(approver=approver, token=token, levels=(), notes=(_DRAFT,), consent=_CONSENT, problems=())
        pending = proposal.state is ProposalState.PENDING
        form = posting_form(await self._creator(proposal), post_of(proposal.frozen))
        return Shown(
            approver=approver,
            token=token,
            levels=[(str(level.value), level.label) for level in form.privacy_options if level.enabled],
            notes=form.hints,
            consent=_consent(form.consent),
            problems=[str(problem) for problem in form.problems] if pending else (),
        )

    async def _creator(self, proposal: Proposal) -> CreatorInfo | ApiError:
        """Ask what the creator allows: TikTok requires a new request whenever the page is shown."""
        if proposal.state is not ProposalState.PENDING:
            return CreatorInfo(privacy_level_options=tuple(proposal.frozen.creator["privacy_level_options"]))
        try:
            return await self._desk.creator_info(proposal)
        except ApiError as error:
            return error

    async def _video(self, name: str, send: _Send, approver: str) -> None:
        try:
            proposal = await self._desk.proposal(name)
            held = await self._desk.preview(proposal)
        except ConfigurationError as error:
            await _send(send, _Reply(404, message_page("No video", str(error), approver)))
            return
        with held:
            headers = {
                **_SAFE,
                "content-type": proposal.frozen.content_type,
                "content-length": str(held.size),
            }
            await send({"type": "http.response.start", "status": 200, "headers": _raw(headers)})
            for offset in range(0, held.size, _CHUNK):
                block = await held.read(offset, min(_CHUNK, held.size - offset))
                more = offset + _CHUNK < held.size
                await send({"type": "http.response.body", "body": block, "more_body": more})

    async def _who(self, scope: _Scope) -> tuple[str, str]:
        """Return the approver who sent the request, and their key.

        Raises:
            ConfigurationError: The request has no valid approver's key.
        """
        kind, _, value = _header(scope, b"authorization").partition(" ")
        try:
            name, _, key = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, key = "", ""
        found = await self._desk.approver(key if kind.lower() == "basic" else None)
        if name != found:
            raise ConfigurationError("The key is another approver's.")
        return found, key


def _token(key: str, proposal_id: str) -> str:
    return hmac.new(key.encode(), f"decide:{proposal_id}".encode(), hashlib.sha256).hexdigest()


def _is_token(token: str, key: str, proposal_id: str) -> bool:
    return hmac.compare_digest(token.encode(), _token(key, proposal_id).encode())


def _same_origin(scope: _Scope) -> bool:
    origin = _header(scope, b"origin")
    return not origin or origin.partition("://")[2] == _header(scope, b"host")


def _consent(consent: Consent) -> str:
    """Return the sentence with its links, as HTML."""
    sentence = escape(consent.text)
    for link in consent.links:
        sentence = sentence.replace(escape(link.text), f'<a href="{escape(link.url)}">{escape(link.text)}</a>', 1)
    return f"{sentence}."


def _path(scope: _Scope) -> str:
    # A framework that mounts this application leaves the prefix in `path`, as ASGI says, or removes it.
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root and path.startswith(root) else path


def _here(scope: _Scope) -> str:
    # Only the path, so a Host header cannot redirect elsewhere.
    return "./" + _path(scope).strip("/").rpartition("/")[2]


def _header(scope: _Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for found, value in scope["headers"] if found == name), "")


async def _form(receive: _Receive) -> dict[str, str]:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _MOST_BODY:
            raise ConfigurationError("That is no decision.")
        if not message.get("more_body", False):
            break
    return {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


async def _send(send: _Send, reply: _Reply) -> None:
    body = reply.body.encode()
    headers = {
        **_SAFE,
        "content-type": "text/html; charset=utf-8",
        "content-length": str(len(body)),
        **reply.headers,
    }
    await send({"type": "http.response.start", "status": reply.status, "headers": _raw(headers)})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: _Receive, send: _Send) -> None:
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
