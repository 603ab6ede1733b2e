"""Bytes to a typed page of 20 videos, beside orjson alone, plain cattrs, msgspec and a constructor written by hand.

    python -m benchmarks.bench_decode [--quick]

CPU time. The variants take turns, so that a busy machine slows all of them. Each is first checked to give the same
data.
Goal: ours at most 1.75 times `orjson.loads`, which gives dicts. msgspec reads into the same fields, and it too keeps
each video's own object for `raw`: without that it would be faster, and a model could not show what it does not know.
Its structs leave out what our models promise: odd values, times, identifiers that are numbers.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import msgspec
import orjson
from cattrs import Converter

from benchmarks._rows import Row, beside, in_turns, main
from tiktok_async._decoding.converter import structure
from tiktok_async._decoding.envelope import decode_rest
from tiktok_async.models import Video
from tiktok_async.models._http import RawResponse


@attrs.frozen(kw_only=True)
class VideoPage:
    videos: tuple[Video, ...] = ()
    cursor: int | None = None
    has_more: bool = False


def video(number: int) -> dict[str, Any]:
    name = str(7080213458555737986 + number)
    page = f"https://www.tiktok.com/@emu_creator/video/{name}"
    source = "utm_campaign=tt4d_open_api&utm_source=emukey"
    return {
        "id": name,
        "create_time": 1646883959 + number * 86_400,
        "title": f"Morning in the harbour, part {number} #sea",
        "video_description": f"Morning in the harbour, part {number}: boats, gulls and a lot of coffee #sea #coffee",
        "duration": 15 + number,
        "height": 1024,
        "width": 576,
        "cover_image_url": f"https://p16-sign-sg.tiktokcdn.com/obj/tos-alisg-p-0037/{name}~tplv-noop.image"
        f"?x-expires=1657851434&x-signature={name[:12]}AAAABBBBCCCCDDDD%3D",
        "share_url": f"{page}?{source}",
        "embed_html": f'<blockquote class="tiktok-embed" cite="{page}" data-video-id="{name}" '
        f'style="max-width: 605px;min-width: 325px;"><section><a target="_blank" title="@emu_creator" '
        f'href="https://www.tiktok.com/@emu_creator">@emu_creator</a></section></blockquote>',
        "embed_link": f"https://www.tiktok.com/static/profile-video?id={name}&hide_author=1&{source}",
        "like_count": 500 + number,
        "comment_count": number,
        "share_count": 0,
        "view_count": 321_000 + number,
    }


BODY = orjson.dumps(
    {
        "data": {"videos": [video(number) for number in range(20)], "cursor": 1646883959000, "has_more": True},
        "error": {"code": "ok", "message": "", "log_id": "20261120101010AAAABBBBCCCCDDDD0004"},
    }
)
RESPONSE = RawResponse(status=200, headers={}, body=BODY)


def plain_cattrs() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromtimestamp(value, UTC))
    converter.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
    return converter


def msgspec_models(*, raw: bool) -> Callable[[], Any]:
    """Return what reads BODY by msgspec, into structs with the fields of `Video`; *raw* keeps each video's object."""
    names = [field.name for field in attrs.fields(Video) if field.name != "raw"]
    one = msgspec.defstruct(
        "MsgspecVideo",
        [(name, str) if name == "id" else (name, str | int | None, None) for name in names],
        kw_only=True,
    )
    item: Any = msgspec.Raw if raw else one
    page = msgspec.defstruct("MsgspecPage", [("videos", tuple[item, ...]), ("cursor", int), ("has_more", bool)])
    read_body: Any = msgspec.json.Decoder(msgspec.defstruct("MsgspecBody", [("data", page)]))
    read_video = msgspec.json.Decoder(one)

    def read() -> list[Any]:
        videos = read_body.decode(BODY).data.videos
        return [(read_video.decode(video), video) for video in videos] if raw else videos

    return read


def by_hand(data: dict[str, Any]) -> VideoPage:
    videos = tuple(
        Video(
            **one
            | {
                "create_time": datetime.fromtimestamp(one["create_time"], UTC),
                "duration": timedelta(seconds=one["duration"]),
                "raw": one,
            }
        )
        for one in data["videos"]
    )
    return VideoPage(videos=videos, cursor=data["cursor"], has_more=data["has_more"])


def read_times(page: VideoPage) -> VideoPage:
    for one in page.videos:
        _ = one.create_time, one.duration
    return page


def variants() -> dict[str, Callable[[], Any]]:
    cattrs = plain_cattrs()
    return {
        "ours": lambda: structure(orjson.loads(BODY)["data"], VideoPage),
        "orjson.loads, dicts": lambda: orjson.loads(BODY),
        "Video(**fields) by hand": lambda: by_hand(orjson.loads(BODY)["data"]),
        "cattrs as it comes": lambda: cattrs.structure(orjson.loads(BODY)["data"], VideoPage),
        "msgspec structs, `raw` kept": msgspec_models(raw=True),
        "msgspec structs, without `raw`": msgspec_models(raw=False),
        "ours, with the envelope checked": lambda: structure(
            decode_rest(RESPONSE, endpoint="/v2/video/list/").data, VideoPage
        ),
        "ours, with every time read": lambda: read_times(structure(orjson.loads(BODY)["data"], VideoPage)),
    }


def timed(run: Callable[[], Any], calls: int) -> Callable[[], float]:
    """Return what measures CPU microseconds a call of *run*."""

    def measure() -> float:
        run()
        began = time.process_time()
        for _ in range(calls):
            run()
        return (time.process_time() - began) / calls * 1e6

    return measure


def page(*, quick: bool) -> list[Row]:
    results = {name: run() for name, run in variants().items() if not name.startswith(("orjson", "msgspec"))}
    assert all(result == results["ours"] for result in results.values()), "the variants differ"
    taken = in_turns({name: timed(run, 100) for name, run in variants().items()}, 5 if quick else 61)
    what, unit = "bytes to a page of 20 videos", "us CPU"
    first, *others = (name for name in taken if name != "ours")
    return [
        beside("2", what, unit, taken["ours"], first, taken[first], at_most=1.75),
        *(beside("", what, unit, taken["ours"], name, taken[name]) for name in others),
    ]


if __name__ == "__main__":
    main(__doc__, {"page": page})
