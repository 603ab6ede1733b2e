"""The HTML of the approval page. Every text from outside this library is escaped where it is inserted."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from attrs import frozen

from tiktok_async.agents.rules.proposal import Proposal, ProposalState

__all__ = ["STYLE", "Shown", "list_page", "message_page", "proposal_page"]

STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #161823; background: #f8f8f8 }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1rem }
h1 { font-size: 1.5rem; margin: 0 0 .25rem }
.card { background: #fff; border: 1px solid #e3e3e4; border-radius: .75rem; padding: 1.25rem 1.5rem; margin: 1rem 0 }
.two { display: flex; gap: 1.5rem; flex-wrap: wrap } .two > div { flex: 1 1 16rem; min-width: 0 }
video { width: 100%; max-height: 24rem; background: #000; border-radius: .5rem }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .35rem 1rem; margin: 0 } dt { color: #6b6c72 }
dd { margin: 0; overflow-wrap: anywhere } code { font-size: .85em; overflow-wrap: anywhere }
.quiet { color: #6b6c72; font-size: .9rem } .stranger { border-left: .25rem solid #e3e3e4; padding-left: .75rem }
.bad { background: #fff1f2; border-color: #fecdd3 } label { display: block; margin: .75rem 0 .25rem }
select, input[type=text] { font: inherit; padding: .5rem; width: 100%; box-sizing: border-box; background: #fff;
  border: 1px solid #c9c9cc; border-radius: .4rem }
.consent { display: flex; gap: .6rem; align-items: baseline } .consent input { flex: none }
button { font: inherit; font-weight: 600; padding: .6rem 1.4rem; border-radius: .4rem; border: 1px solid #c9c9cc;
  background: #fff; cursor: pointer } button.post { background: #c81e3a; border-color: #c81e3a; color: #fff }
.row { display: flex; gap: .75rem; margin-top: 1.25rem } table { width: 100%; border-collapse: collapse }
td, th { text-align: left; padding: .4rem .5rem .4rem 0; border-bottom: 1px solid #e3e3e4; overflow-wrap: anywhere }
a { color: #0b5cad }
"""


@frozen(slots=True, kw_only=True)
class Shown:
    """What the page shows beside the proposal itself.

    Attributes:
        approver: The name of the approver who sees the page.
        token: Proves that a decision was made on this page.
        levels: The privacy levels to choose from, each with its label.
        notes: What the post will be labelled as, and what else the person has to know.
        consent: What the person agrees to by posting, as this library's HTML.
        problems: Why it cannot be posted now.
    """

    approver: str
    token: str
    levels: Sequence[tuple[str, str]]
    notes: Sequence[str]
    consent: str
    problems: Sequence[str]


def list_page(proposals: Iterable[Proposal], approver: str) -> str:
    """Return the page that lists what waits for a decision, and what was decided."""
    rows = [_row(one) for one in proposals]
    table = (
        "<table><thead><tr><th>Proposed</th><th>Agent</th><th>Post</th><th>State</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
        if rows
        else "<p>No agent has proposed anything in the last days.</p>"
    )
    return _page("Proposals of agents", f'<div class="card">{table}</div>', approver)


def proposal_page(proposal: Proposal, shown: Shown) -> str:
    """Return the page on which a person decides."""
    frozen = proposal.frozen
    kind = "draft" if frozen.draft else "post"
    facts = _facts(
        {
            "Account": f"{frozen.creator.get('nickname') or ''} @{frozen.creator.get('username') or frozen.account}",
            "Caption": frozen.post.get("title") or "(none)",
            "Who may see it": _level(shown, str(frozen.post.get("privacy_level") or "")),
            "Comments": _allowed(frozen.post, "disable_comment"),
            "Duets": _allowed(frozen.post, "disable_duet"),
            "Stitches": _allowed(frozen.post, "disable_stitch"),
            "Promotes": _promotes(frozen.post),
            "Made by AI": "yes, and labelled so" if frozen.post.get("is_aigc") else "not declared",
        }
    )
    origin = _facts(
        {
            "Agent": frozen.agent,
            "Proposed": f"{frozen.created_at:%Y-%m-%d %H:%M} UTC",
            "File": f"{frozen.file} ({frozen.size:,} bytes)",
            "SHA-256": frozen.sha256,
            "Proposal": proposal.id,
        }
    )
    decision = _decision(shown) if proposal.state is ProposalState.PENDING else _decided(proposal)
    video = f'<video controls preload="metadata" src="{escape(proposal.id)}/video"></video>'
    body = (
        f"{_problems(shown.problems)}"
        f'<div class="card two"><div>{video}</div><div class="stranger">{facts}</div></div>'
        f'<div class="card">{_notes(shown.notes)}{decision}</div>'
        f'<div class="card quiet">{origin}<p>The text above was written by the agent, perhaps by a stranger through '
        "it: nothing in it is an instruction to you.</p></div>"
    )
    return _page(f"An agent proposes a {kind}", body, shown.approver)


def message_page(title: str, message: str, approver: str) -> str:
    """Return a page that says one thing."""
    return _page(
        title, f'<div class="card"><p>{escape(message)}</p><p><a href="./">All proposals</a></p></div>', approver
    )


def _page(title: str, body: str, approver: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f'<p class="quiet">You decide as {escape(approver)}.</p>{body}</body></html>'
    )


def _row(one: Proposal) -> str:
    title = one.frozen.post.get("title") or one.frozen.file
    return (
        f"<tr><td>{one.frozen.created_at:%Y-%m-%d %H:%M}</td><td>{escape(one.frozen.agent)}</td>"
        f'<td><a href="{escape(one.id)}">{escape(str(title)[:120])}</a></td><td>{escape(str(one.state))}</td></tr>'
    )


def _facts(facts: Mapping[str, object]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items())
    return f"<dl>{rows}</dl>"


def _level(shown: Shown, level: str) -> str:
    return dict(shown.levels).get(level, level)


def _allowed(post: Mapping[str, Any], name: str) -> str:
    return "off" if post.get(name) else "allowed"


def _promotes(post: Mapping[str, Any]) -> str:
    brands = [
        words
        for name, words in (
            ("brand_organic_toggle", "the creator's own business"),
            ("brand_content_toggle", "another brand (paid partnership)"),
        )
        if post.get(name)
    ]
    return " and ".join(brands) or "nothing, by what the agent says"


def _problems(problems: Sequence[str]) -> str:
    if not problems:
        return ""
    items = "".join(f"<li>{escape(one)}</li>" for one in problems)
    return f'<div class="card bad"><p>It cannot be posted now:</p><ul>{items}</ul></div>'


def _notes(notes: Sequence[str]) -> str:
    return "".join(f'<p class="quiet">{escape(note)}</p>' for note in notes)


def _decision(shown: Shown) -> str:
    options = "".join(f'<option value="{escape(word)}">{escape(words)}</option>' for word, words in shown.levels)
    choice = (
        '<label for="level">Who may see this post? Choose it yourself; it must be what the agent proposed.</label>'
        f'<select id="level" name="level" required><option value="">Choose</option>{options}</select>'
        if shown.levels
        else ""
    )
    token = f'<input type="hidden" name="token" value="{escape(shown.token)}">'
    disabled = " disabled" if shown.problems else ""
    return (
        f'<form method="post">{token}{choice}'
        f'<p class="consent"><input type="checkbox" id="consent" name="consent" value="yes" required>'
        f'<label for="consent">{shown.consent}</label></p>'
        f'<div class="row"><button class="post" name="decision" value="approve"{disabled}>Approve and post</button>'
        "</div></form>"
        f'<form method="post">{token}<label for="reason">Why not? The agent is told.</label>'
        '<input type="text" id="reason" name="reason" maxlength="300">'
        '<div class="row"><button name="decision" value="refuse">Refuse</button></div></form>'
    )


def _decided(proposal: Proposal) -> str:
    facts = _facts(
        {
            "State": proposal.state,
            "Decided by": proposal.decided_by or "nobody",
            "Reason": proposal.reason or "",
            "Post": proposal.publish_id or "",
        }
    )
    return f'{facts}<p><a href="./">All proposals</a></p>'
