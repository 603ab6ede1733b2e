"""The posting page as HTML, made from the result of `posting_form`; all external text is escaped."""

import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from attrs import frozen

from examples.web_site.pages import face
from examples.web_site.pages import page as whole_page
from tiktok_async import DisclosureOption, Interaction, MediaReport, PostChoices, PostingForm


@frozen(slots=True, kw_only=True)
class Control:
    """An input of the form.

    Attributes:
        id: The element's id.
        kind: `radio` or `checkbox`.
        name: The input's name, sent with its value.
        value: The input's value.
        label: The label on the page.
        more: A longer explanation.
        on: Whether it is chosen.
        enabled: Whether it can be chosen.
        hint: Why it cannot be chosen.
    """

    id: str
    kind: str
    name: str
    value: str = ""
    label: str
    more: str = ""
    on: bool
    enabled: bool
    hint: str | None


def page(draft_id: str, form: PostingForm, choices: PostChoices, view: dict[str, Any], told: dict[str, Any]) -> str:
    """Return the whole page.

    Args:
        draft_id: The draft's id.
        form: The form to show.
        choices: The choices so far.
        view: The contents of the form, for the page's script.
        told: The progress of the post, for the page's script.
    """
    stopped = not form.privacy_options
    body = _stopped(view) if stopped else _form(draft_id, form, choices, view, told)
    return whole_page("Post to TikTok", body, *([] if stopped else ["site.js", "post.js"]))


def not_allowed() -> str:
    """Return the page for a creator who did not allow posting."""
    return whole_page(
        "Post to TikTok",
        """<section class="hero"><h1 id="not-allowed">You did not allow posting</h1>
<p>Allow it at TikTok to post videos from here.</p>
<a class="button" href="/tiktok/login?next=/post">Continue with TikTok</a>
<a href="/">Back to your page</a></section>""",
    )


def view(form: PostingForm, problems: Sequence[str], file: str) -> dict[str, Any]:
    """Return the parts of the page that change with each choice, for its script."""
    return {
        "controls": {
            control.id: {"on": control.on, "enabled": control.enabled, "hint": control.hint or ""}
            for control in _controls(form)
        },
        "html": {
            "problems": "".join(f"<li>{escape(problem)}</li>" for problem in problems),
            "consent": _consent(form),
            "hints": "".join(f"<li>{escape(hint)}</li>" for hint in form.hints),
            "labels": "".join(f'<span class="tag">{escape(label)}</span>' for label in form.labels),
            "about-file": file,
        },
        "disclosed": form.disclosed,
        "ready": not problems,
    }


def file_words(name: str, report: MediaReport | None) -> str:
    """Return the description of a file, as HTML."""
    if report is None:
        return ""
    told = [f"{report.size / 1_000_000:.1f} MB"]
    if report.duration is not None:
        told.insert(0, f"{report.duration.total_seconds():.1f} s")
    if report.width and report.height:
        told.insert(0, f"{report.width} x {report.height}")
    return f"<strong>{escape(name)}</strong> <span>{escape(', '.join(told))}</span>"


def outcome(title: str, words: str, links: Sequence[str], next_step: str) -> str:
    """Return the progress of a post, as HTML."""
    shown = "".join(f'<li><a href="{escape(link)}" rel="noreferrer">{escape(link)}</a></li>' for link in links)
    actions = {
        "again": '<button type="button" class="button" data-do="again">Go on</button>',
        "back": '<button type="button" class="button" data-do="back">Back to the form</button>',
        "new": '<a class="button" href="/post">Post another video</a>',
    }
    return (
        f'<h2 tabindex="-1">{escape(title)}</h2><p>{escape(words)}</p>'
        f"{f'<ul>{shown}</ul>' if shown else ''}{actions.get(next_step, '')}"
    )


def _stopped(view: dict[str, Any]) -> str:
    return f"""<section class="hero"><h1>You cannot post now</h1><ul class="problems" id="problems">
{view["html"]["problems"]}</ul><a class="button" href="/">Back to your page</a></section>"""


def _controls(form: PostingForm) -> Iterator[Control]:
    for option in form.privacy_options:
        yield Control(
            id=f"privacy-{option.value}",
            kind="radio",
            name="privacy_level",
            value=option.value,
            label=option.label,
            on=option.chosen,
            enabled=option.enabled,
            hint=option.hint,
        )
    for interaction in form.interactions:
        yield _checkbox(f"allow_{interaction.name}", interaction)
    for kind in form.disclosure:
        yield _checkbox(kind.name, kind, more=kind.description)


def _checkbox(name: str, box: Interaction | DisclosureOption, *, more: str = "") -> Control:
    return Control(
        id=name,
        kind="checkbox",
        name=name,
        label=box.label,
        more=more,
        on=box.on,
        enabled=box.enabled,
        hint=box.hint,
    )


def _control(control: Control) -> str:
    name = escape(control.id)
    on, off = " checked" if control.on else "", "" if control.enabled else " disabled"
    more = f'<span class="soft">{escape(control.more)}</span>' if control.more else ""
    return f"""<div class="choice"><input type="{control.kind}" id="{name}" name="{escape(control.name)}"
value="{escape(control.value)}" aria-describedby="{name}-hint"{on}{off}><label for="{name}">{escape(control.label)}
{more}</label><span class="soft hint" id="{name}-hint">{escape(control.hint or "")}</span></div>"""


def _consent(form: PostingForm) -> str:
    text = escape(form.consent.text)
    for link in form.consent.links:
        words = escape(link.text)
        text = text.replace(words, f'<a href="{escape(link.url)}" target="_blank" rel="noreferrer">{words}</a>', 1)
    return text


def _form(draft_id: str, form: PostingForm, choices: PostChoices, view: dict[str, Any], told: dict[str, Any]) -> str:
    found = list(_controls(form))
    privacy = "".join(_control(one) for one in found if one.kind == "radio")
    allowed = "".join(_control(one) for one in found if one.id.startswith("allow_"))
    kinds = "".join(_control(one) for one in found if one.id in {"your_brand", "branded_content"})
    handle = f'<span class="soft">@{escape(form.username)}</span>' if form.username else ""
    html = view["html"]
    return f"""<section class="as"><div class="who"><h1>Post to TikTok</h1><p>As <strong id="nickname">
{escape(form.nickname)}</strong> {handle}</p></div>{face(form.nickname, form.avatar_url)}</section>
<section class="card outcome" id="outcome" hidden>
<progress id="share" max="1" aria-label="Sent to TikTok"></progress><div id="told" role="status"></div></section>
<form class="posting" id="post" data-draft="{escape(draft_id)}" data-view="{escape(json.dumps(view))}"
data-told="{escape(json.dumps(told))}">
<div class="card media"><div class="drop" id="drop">
<input type="file" id="file" accept="video/mp4,video/quicktime,video/webm" aria-describedby="about-file">
<label for="file"><strong id="choose">Choose a video</strong>
<span class="soft">or drop it here: MP4, MOV or WebM</span></label>
<video id="preview" controls playsinline hidden aria-label="Preview"></video></div>
<p class="soft" id="about-file" role="status">{html["about-file"]}</p>
<progress id="arrived" max="1" hidden aria-label="Sent to this site"></progress></div>
<div class="card fields">
<div class="field"><label for="caption">Caption</label><textarea id="caption" name="title" rows="3"
maxlength="{form.title_units}">{escape(choices.title or "")}</textarea></div>
<fieldset><legend>Who can view this post</legend>{privacy}</fieldset>
<fieldset><legend>Allow users to</legend><div class="row">{allowed}</div></fieldset>
<fieldset><legend>Disclosure</legend><div class="choice">
<input type="checkbox" role="switch" id="disclosed" name="disclosed"{" checked" if form.disclosed else ""}
aria-controls="kinds"><label for="disclosed">Disclose post content
<span class="soft">Turn this on if the video promotes a brand, a product or a service.</span></label></div>
<div class="kinds" id="kinds"{"" if form.disclosed else " hidden"}>{kinds}
<p id="labels" aria-live="polite"></p></div></fieldset>
<p class="consent" id="consent" aria-live="polite">{html["consent"]}</p>
<ul class="problems" id="problems" aria-live="polite">{html["problems"]}</ul>
<button class="button" id="send" aria-describedby="problems" aria-disabled="true">Post to TikTok</button>
<ul class="soft hints" id="hints">{html["hints"]}</ul></div></form>
<noscript><p class="alert">This page needs its script.</p></noscript>"""
