"""Questions that a post answers, visible only to its creator: the clip is posted, and one branded post gets no bytes.

Source: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
"""

from typing import Any, Final, cast

from tiktok_async.errors import PostingRefused
from tiktok_async.models import Endpoint, PrivacyLevel, PublishState, Scope, VideoPost
from tiktok_async.probe._asking import Asking, clip
from tiktok_async.probe._question import Answer, Level, Question, Step, answered, undecided
from tiktok_async.probe._watch import Seen
from tiktok_async.probe.questions.drafts import Sent, send_clip
from tiktok_async.probe.rules.words import Fact, code_word, one_of, span_word, status_word

_UNAUDITED: Final = "unaudited_client_can_only_post_to_private_accounts"
_CREATOR: Final = Step(Endpoint.CREATOR_INFO, 1, "creator")
_POSTED: Final = (
    Step(Endpoint.VIDEO_INIT, 1, "post"),
    Step(Endpoint.STATUS_FETCH, 20, "post"),
    Step("upload host", 2, "post"),
)


def _facts(seen: Seen) -> dict[str, Fact]:
    return {"status": status_word(seen.status), "code": code_word(seen.code)}


async def _ask_creator(asking: Asking) -> Seen:
    return await asking.call(Endpoint.CREATOR_INFO, json={})


async def _options(asking: Asking) -> list[str]:
    info = await asking.once("creator", _ask_creator)
    options = info.data.get("privacy_level_options")
    listed = cast("list[object]", options) if isinstance(options, list) else []
    return [one_of(option, map(str, PrivacyLevel)) for option in listed]


async def _begin(asking: Asking) -> tuple[Seen, Sent | None]:
    try:
        publish = await asking.account.post_video(clip(), VideoPost(privacy_level=PrivacyLevel.SELF_ONLY))
    except PostingRefused:
        return asking.watch.last[Endpoint.VIDEO_INIT.path], None
    init = asking.watch.last[Endpoint.VIDEO_INIT.path]
    return init, await send_clip(asking, publish, init)


async def _posted(asking: Asking) -> tuple[Seen, Sent | None]:
    return await asking.once("post", _begin, sends=True)


async def _audited(asking: Asking) -> Answer:
    init, _ = await _posted(asking)
    if init.code == _UNAUDITED:
        return answered("false", **_facts(init))
    # An app without audit may also post to a private account.
    public = "FOLLOWER_OF_CREATOR" not in await _options(asking)
    return answered("true" if init.ok and public else None, **_facts(init))


async def _offered(asking: Asking) -> Answer:
    init, _ = await _posted(asking)
    options = await _options(asking)
    if init.code != _UNAUDITED or not options:
        return undecided(**_facts(init))
    return answered("self_only" if options == ["SELF_ONLY"] else "all", items=len(options))


async def _ends(asking: Asking) -> Answer:
    init, sent = await _posted(asking)
    if sent is None:
        return undecided(**_facts(init))
    ends = {str(PublishState.PUBLISH_COMPLETE): "complete", str(PublishState.FAILED): "failed"}
    state = one_of(sent.state, map(str, PublishState))
    return answered(ends.get(sent.state), state=state, span=span_word(sent.seconds))


async def _branded(asking: Asking) -> Answer:
    seen = await asking.once("branded", _branded_init, sends=True)
    refused = not seen.ok and (seen.code.startswith("invalid_param") or "privacy" in seen.code)
    return answered("accepted" if seen.ok else "refused" if refused else None, **_facts(seen))


async def _branded_init(asking: Asking) -> Seen:
    size = len(clip())
    source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": size, "total_chunk_count": 1}
    info = {"privacy_level": "SELF_ONLY", "brand_content_toggle": True, "brand_organic_toggle": False}
    return await asking.call(Endpoint.VIDEO_INIT, json={"post_info": info, "source_info": source})


def _question(**keywords: Any) -> Question:  # noqa: ANN401 - the keywords of Question
    return Question(level=Level.POST, scopes=frozenset({Scope.VIDEO_PUBLISH}), **keywords)


QUESTIONS: Final = (
    _question(
        id="audited",
        asks="May this app post to a public account",
        silent=True,
        quirk="posting.audited",
        sides={"true": "it passed the audit", "false": "it did not: only to private accounts"},
        assumed="true",
        here="`PostingRefused` says what to do",
        steps=(*_POSTED, _CREATOR),
        ask=_audited,
    ),
    _question(
        id="options_while_unaudited",
        asks="`video/init` by an app without audit",
        quirk="posting.options_while_unaudited",
        sides={
            "self_only": "creator info offers only `SELF_ONLY`",
            "all": "it offers all, the init refuses",
        },
        assumed="all",
        here="the options are not treated as a guarantee",
        steps=(*_POSTED, _CREATOR),
        ask=_offered,
    ),
    _question(
        id="post_state",
        asks="How a post with `SELF_ONLY` ends",
        silent=True,
        played="`emulator.fail_publish()`",
        sides={"complete": "`PUBLISH_COMPLETE`", "failed": "`FAILED`"},
        assumed="complete",
        line=("models/_posting.py", "    PUBLISH_COMPLETE"),
        here="a success, with or without ids",
        steps=_POSTED,
        ask=_ends,
    ),
    _question(
        id="branded_self_only",
        asks="Branded content with `SELF_ONLY`",
        quirk="posting.branded_self_only",
        sides={"refused": "forbidden in the app", "accepted": "not mentioned for the API"},
        assumed="accepted",
        here="refused before it is sent",
        steps=(Step(Endpoint.VIDEO_INIT),),
        ask=_branded,
    ),
)
