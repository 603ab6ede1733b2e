"""Questions that a draft answers: one generated clip goes to the inbox, and three inits get no bytes.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import re
from datetime import timedelta
from typing import Any, Final

from attrs import frozen
from yarl import URL

from tiktok_async.api.posting.publish import Publish
from tiktok_async.errors import PublishFailed, PublishPending
from tiktok_async.models import Endpoint, PublishState, Scope
from tiktok_async.models._http import Request, header
from tiktok_async.probe._asking import Asking, clip
from tiktok_async.probe._question import Answer, Level, Question, Step, answered, undecided
from tiktok_async.probe._watch import Seen
from tiktok_async.probe.rules.words import MOST, Fact, code_word, key_words, one_of, span_word, status_word

__all__ = ["Sent", "send_clip"]

_POLLS: Final = 5
_PAUSE: Final = 2.0  # seconds
_PATIENCE: Final = timedelta(minutes=5)
_RANGE: Final = re.compile(r"bytes 0-([0-9]{1,19})/([0-9]{1,19})", re.ASCII)
_TAKEN: Final = (200, 201, 206)
_OUT_OF_STEP: Final = 416
_CLIP: Final = (
    Step(Endpoint.INBOX_INIT, 1, "clip"),
    Step(Endpoint.STATUS_FETCH, 20, "clip"),
    Step("upload host", 2, "clip"),
)
_INIT: Final = Step(Endpoint.INBOX_INIT)
_MB, _MIB = 1_000_000, 1024 * 1024


@frozen
class Sent:
    """A clip that was sent, with each answer."""

    init: Seen
    unknown: int
    put: Seen
    again: Seen
    state: str
    seconds: float


async def send_clip(asking: Asking, publish: Publish, init: Seen) -> Sent:
    """Send the clip of *publish* twice, and wait for its end."""
    unknown = await _until_known(asking, publish.publish_id)
    url = URL(str(init.data.get("upload_url")))
    async for _ in publish.upload():
        pass
    put = asking.watch.last[url.path]
    started = asking.clock.monotonic()
    again = await asking.send(_chunk(init, clip()))
    try:
        state = str((await publish.wait(_PATIENCE)).state)
    except PublishFailed:
        state = str(PublishState.FAILED)
    except PublishPending:
        state = ""
    return Sent(init, unknown, put, again, state, asking.clock.monotonic() - started)


def _chunk(init: Seen, content: bytes) -> Request:
    last = len(content) - 1
    headers = {"Content-Type": "video/mp4", "Content-Range": f"bytes 0-{last}/{len(content)}"}
    return Request(method="PUT", url=str(init.data.get("upload_url")), headers=headers, body=content)


async def _until_known(asking: Asking, publish_id: str) -> int:
    """Ask for the status until TikTok knows the id; return how often it did not."""
    for unknown in range(_POLLS):
        if (await asking.call(Endpoint.STATUS_FETCH, json={"publish_id": publish_id})).ok:
            return unknown
        await asking.clock.sleep(_PAUSE)
    return _POLLS


async def _begin(asking: Asking) -> Sent:
    publish = await asking.account.draft_video(clip())
    return await send_clip(asking, publish, asking.watch.last[Endpoint.INBOX_INIT.path])


async def _sent(asking: Asking) -> Sent:
    return await asking.once("clip", _begin, sends=True)


async def _path(asking: Asking) -> Answer:
    path = URL(str((await _sent(asking)).init.data.get("upload_url"))).path
    return answered({"/video/": "/video/", "/upload": "/upload", "/upload/": "/upload"}.get(path))


async def _bound(asking: Asking) -> Answer:
    put = (await _sent(asking)).put
    found = _RANGE.fullmatch(header(put.headers, "content-range") or "")
    if found is None:
        return undecided(status=status_word(put.status))
    bound, total = int(found[1]), int(found[2])
    return answered({total - 1: "last", total: "count"}.get(bound), status=status_word(put.status))


async def _done(asking: Asking) -> Answer:
    status = (await _sent(asking)).put.status
    return answered({201: "201", 200: "200"}.get(status), status=status_word(status))


async def _again(asking: Asking) -> Answer:
    status = (await _sent(asking)).again.status
    side = "416" if status == _OUT_OF_STEP else "accepted" if status in _TAKEN else None
    return answered(side, status=status_word(status))


async def _known(asking: Asking) -> Answer:
    unknown = (await _sent(asking)).unknown
    return answered("1" if unknown else "0", polls=min(unknown, MOST))


async def _state(asking: Asking) -> Answer:
    sent = await _sent(asking)
    facts = {"state": one_of(sent.state, map(str, PublishState)), "span": span_word(sent.seconds)}
    ends = {PublishState.SEND_TO_USER_INBOX: "inbox", PublishState.FAILED: "failed"}
    return answered(ends.get(PublishState(sent.state)) if sent.state in list(PublishState) else None, **facts)


async def _init(asking: Asking, size: int, chunk: int, count: int) -> Seen:
    source: dict[str, Any] = {
        "source": "FILE_UPLOAD",
        "video_size": size,
        "chunk_size": chunk,
        "total_chunk_count": count,
    }
    return await asking.call(Endpoint.INBOX_INIT, json={"source_info": source})


def _refused(seen: Seen) -> bool:
    return not seen.ok and seen.code.startswith("invalid_param")


async def _megabyte(asking: Asking) -> Answer:
    small, large = await asking.once("megabyte", _both_sizes, sends=True)
    facts: dict[str, Fact] = {
        "status": status_word(small.status),
        "code": code_word(small.code),
        "error_code": code_word(large.code),
    }
    sides = {(True, True): "either", (True, False): "decimal", (False, True): "binary"}
    if not all(seen.ok or _refused(seen) for seen in (small, large)):
        return undecided(**facts)
    return answered(sides.get((small.ok, large.ok)), **facts)


async def _both_sizes(asking: Asking) -> tuple[Seen, Seen]:
    # 5 MB as 5,000,000 bytes is below 5 MiB; 64 MB as 64 MiB is above 64,000,000 bytes.
    small = await _init(asking, 10 * _MB, 5 * _MB, 2)
    return small, await _init(asking, 128 * _MIB, 64 * _MIB, 2)


async def _single(asking: Asking) -> Answer:
    seen = await asking.once("single", _short_chunk, sends=True)
    facts: dict[str, Fact] = {"status": status_word(seen.status), "code": code_word(seen.code), **key_words(seen.data)}
    return answered("accepted" if seen.ok else "refused" if _refused(seen) else None, **facts)


async def _short_chunk(asking: Asking) -> Seen:
    return await _init(asking, 12 * _MB, 10 * _MB, 1)


def _question(**keywords: Any) -> Question:  # noqa: ANN401 - the keywords of Question
    scopes = frozenset({Scope.VIDEO_UPLOAD})
    given: dict[str, Any] = {"steps": _CLIP, **keywords}
    return Question(level=Level.DRAFT, scopes=scopes, **given)


QUESTIONS: Final = (
    _question(
        id="known_at_once",
        asks="Does a `publish_id` work at once",
        silent=True,
        quirk="posting.unknown_id_polls",
        sides={"0": "at once", "1": "not the first time"},
        assumed="0",
        here="not always: a wait continues for a minute",
        ask=_known,
    ),
    _question(
        id="upload_path",
        asks="The path of an upload address",
        quirk="posting.upload_path",
        sides={"/video/": "`/video/`", "/upload": "`/upload`"},
        assumed="/video/",
        here="any path",
        ask=_path,
    ),
    _question(
        id="upload_range",
        asks="`Content-Range` in a chunk's reply",
        quirk="posting.upload_range",
        sides={"last": "the last byte's index", "count": "the number of bytes"},
        assumed="last",
        here="the one that fits the end of a chunk",
        ask=_bound,
    ),
    _question(
        id="upload_done",
        asks="The status of the last chunk's reply",
        silent=True,
        quirk="posting.upload_done",
        sides={"201": "201", "200": "200"},
        assumed="201",
        here="any 2xx",
        ask=_done,
    ),
    _question(
        id="chunk_again",
        asks="What a second PUT of an accepted chunk does",
        silent=True,
        quirk="posting.chunk_again",
        sides={"416": "416", "accepted": "accepted, without an error"},
        assumed="416",
        here="TikTok is first asked what it has; if it does not say, the chunk is sent again",
        ask=_again,
    ),
    _question(
        id="draft_state",
        asks="How a draft ends",
        silent=True,
        played="`emulator.fail_publish()`",
        sides={"inbox": "`SEND_TO_USER_INBOX`", "failed": "`FAILED`"},
        assumed="inbox",
        line=("models/_posting.py", "    SEND_TO_USER_INBOX"),
        here="a draft in the inbox is a success",
        ask=_state,
    ),
    _question(
        id="megabyte",
        asks='What a "MB" is',
        quirk="posting.megabyte",
        sides={"decimal": "1,000,000 bytes", "binary": "1,048,576 bytes", "either": "both work"},
        assumed="either",
        here="plans inside both",
        steps=(Step(Endpoint.INBOX_INIT, 2),),
        ask=_megabyte,
    ),
    _question(
        id="short_single_chunk",
        asks="One chunk for 10 to 20 MB, declared smaller than the file",
        quirk="posting.short_single_chunk",
        sides={"accepted": "allowed by the letter", "refused": "doubted"},
        assumed="refused",
        here="the size of the file",
        steps=(_INIT,),
        ask=_single,
    ),
)
