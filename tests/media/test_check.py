"""Media checked before the init: each rule at its bound and one step beyond, and malicious files."""

import random
import struct
import tracemalloc
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.media import making
from tests.media.making import Bucket
from tiktok_async import ConfigurationError, CreatorInfo, MediaReport, UploadError, check_media
from tiktok_async.media import _decoders


def broken(report: MediaReport) -> list[str]:
    return [problem.rule for problem in report.problems]


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "h264"), ("mov", "h264"), ("mp4", "h265"), ("webm", "vp8"), ("webm", "vp9")],
)
async def test_each_container_and_codec_is_recognised_and_accepted(container: str, codec: str) -> None:
    report = await check_media(making.video(container, codec=codec))
    assert broken(report) == []
    assert (report.kind, report.container, report.codecs) == ("video", container, (codec,))
    assert (report.width, report.height) == (360, 640)
    assert report.frame_rate == pytest.approx(30, abs=0.1)
    assert report.duration == pytest.approx(timedelta(seconds=0.1), abs=timedelta(seconds=0.05))


@pytest.mark.parametrize(
    ("made", "rules"),
    [
        ({"rate": 23}, []),
        ({"rate": Fraction(24000, 1001)}, []),
        ({"rate": 60}, []),
        ({"rate": 22}, ["frame_rate"]),
        ({"rate": 61}, ["frame_rate"]),
        ({"sides": (360, 360)}, []),
        ({"sides": (358, 640)}, ["pixels"]),
        ({"sides": (640, 358)}, ["pixels"]),
        ({"codec": "mpeg4"}, ["codec"]),
        ({"container": "matroska"}, ["format"]),
        ({"container": "avi"}, ["format"]),
    ],
)
async def test_a_real_video_passes_at_a_bound_and_fails_one_step_beyond(made: dict[str, Any], rules: list[str]) -> None:
    assert broken(await check_media(making.video(**made))) == rules


@pytest.mark.parametrize(
    ("made", "rules"),
    [
        ({"milliseconds": 600_000}, []),
        ({"milliseconds": 600_001}, ["duration"]),
        ({"sides": (4096, 4096)}, []),
        ({"sides": (4097, 4096)}, ["pixels"]),
        ({"sides": (4096, 4097)}, ["pixels"]),
        ({"sides": (359, 4096)}, ["pixels"]),
        ({"codec": b"hvc1", "brand": b"qt  "}, []),
        ({"codec": b"av01"}, ["codec"]),
        ({"rate": 61, "milliseconds": 700_000, "sides": (300, 300)}, ["duration", "frame_rate", "pixels"]),
    ],
)
async def test_a_header_passes_at_a_bound_and_fails_one_step_beyond(made: dict[str, Any], rules: list[str]) -> None:
    assert broken(await check_media(making.header(**made))) == rules


@pytest.mark.parametrize(("size", "rules"), [(4 * 1024**3, []), (4 * 1024**3 + 1, ["size"])])
async def test_a_video_may_have_four_gigabytes(size: int, rules: list[str]) -> None:
    start = making.header()
    rest = struct.pack(">I4sQ", 1, b"mdat", size - len(start))
    source = Bucket(start + rest, size)
    assert broken(await check_media(source)) == rules
    assert len(source.reads) == 1
    assert source.total <= 16 * 1024


@pytest.mark.parametrize(
    ("made", "rules"),
    [
        (("JPEG", (1080, 1920)), []),
        (("WEBP", (1080, 607)), []),
        (("WEBP", (1920, 1080)), ["pixels"]),
        (("JPEG", (1080, 1921)), ["pixels"]),
        (("WEBP", (1081, 1920)), ["pixels"]),
        (("PNG", (100, 100)), ["format"]),
        (("GIF", (100, 100)), ["format"]),
    ],
)
async def test_a_photo_passes_at_a_bound_and_fails_one_step_beyond(
    made: tuple[str, tuple[int, int]], rules: list[str]
) -> None:
    form, sides = made
    report = await check_media(making.photo(form, sides))
    assert broken(report) == rules
    assert (report.kind, report.container, report.width, report.height) == ("photo", form.lower(), *sides)


@pytest.mark.parametrize(("size", "rules"), [(20_000_000, []), (20_000_001, ["size"])])
async def test_a_photo_may_have_twenty_megabytes(size: int, rules: list[str]) -> None:
    assert broken(await check_media(Bucket(making.photo(), size))) == rules


async def test_an_incomplete_photo_is_reported() -> None:
    whole = making.photo()
    report = await check_media(whole[: len(whole) // 2])
    assert [problem.value for problem in report.problems] == ["damaged"]


@pytest.mark.parametrize(("seconds", "rules"), [(10, []), (9, ["duration"])])
async def test_the_longest_duration_of_a_creator_is_checked(seconds: int, rules: list[str]) -> None:
    creator = CreatorInfo(max_video_post_duration_sec=seconds)
    report = await check_media(making.header(milliseconds=10_000), creator=creator)
    assert broken(report) == rules
    assert all("query-creator-info" in problem.page for problem in report.problems)


async def test_a_header_at_the_end_of_a_large_file_costs_three_reads() -> None:
    start, movie = making.box(b"ftyp", b"isom", bytes(8)), making.header()[20:]
    middle = struct.pack(">I4sQ", 1, b"mdat", 1_000_000_000) + bytes(100)

    class Far(Bucket):
        async def read(self, offset: int, length: int) -> bytes:
            self.reads.append((offset, length))
            end = len(start) + 1_000_000_000
            found = (start + middle).ljust(length, b"\0") if offset < end - 16_384 else b""
            return found[:length] if found else (bytes(end - offset) + movie)[:length]

    source = Far(b"", len(start) + 1_000_000_000 + len(movie))
    report = await check_media(source)
    assert report.duration == timedelta(seconds=10)
    assert len(source.reads) <= 3


async def test_a_fact_that_the_header_lacks_is_searched_for_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live recording in fragments names neither its length nor its frame rate."""
    live = making.video(frames=30, options={"movflags": "frag_keyframe+empty_moov+default_base_moof"})
    report = await check_media(Bucket(live))
    assert broken(report) == []
    assert report.frame_rate == 30
    monkeypatch.setattr(_decoders, "_module", lambda _name: None)
    assert set(broken(await check_media(Bucket(live)))) == {"duration", "frame_rate"}


async def test_a_file_may_be_a_path_and_the_command_names_it(tmp_path: Path) -> None:
    path = tmp_path / "two words.mp4"
    path.write_bytes(making.header(rate=61))
    (problem,) = (await check_media(path)).problems
    assert problem.command is not None
    assert f"'file:{path}'" in problem.command
    assert "-r 60" in problem.command
    assert problem.fail_reason == "frame_rate_check_failed"


def _looping() -> bytes:
    return making.box(b"ftyp", b"isom") + b"".join(making.box(b"free") for _ in range(100_000))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, world" * 10, "first bytes are not"),
        (making.header()[:-1], "says"),
        (making.header()[:300], "says"),
        (making.header() + struct.pack(">I4s", 4_000_000_000, b"mdat"), "4000000000 bytes"),
        (making.header() + struct.pack(">I4sQ", 1, b"mdat", 2**63), "bytes"),
        (making.header() + struct.pack(">I4s", 7, b"free"), "7 bytes"),
        (making.box(b"ftyp", b"isom") + bytes(8), "no movie header"),
        (_looping(), "more than 2000 parts"),
        (making.video("webm", codec="vp8")[:200], "says"),
        (b"\xff\xd8\xff" + b"\xff" * 100_000, "more than 2000 parts"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 10, "no picture"),
        (making.photo("WEBP")[:-3], "says"),
    ],
)
async def test_a_malicious_file_is_reported_with_a_reason(data: bytes, words: str) -> None:
    report = await check_media(data)
    (problem,) = report.problems
    assert problem.rule == "format"
    assert words in problem.value
    assert problem.fail_reason == "file_format_check_failed"


async def test_a_table_with_a_false_length_is_not_read() -> None:
    table = struct.pack(">III", 0, 1, 300)
    place = making.header().index(table[:8])
    data = bytearray(making.header())
    data[place + 4 : place + 8] = b"\xff\xff\xff\xff"
    source = Bucket(bytes(data))
    assert broken(await check_media(source)) == ["format"]
    assert source.total < 20_000


async def test_ten_thousand_mutated_headers_are_read_fast_and_none_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_decoders, "_module", lambda _name: None)
    seeds = [
        making.header(),
        making.video("webm", codec="vp8"),
        making.video("mov"),
        making.photo(),
        making.photo("WEBP"),
    ]
    rng = random.Random(18)
    most = peak = 0
    for number in range(10_000):
        data = bytearray(seeds[number % len(seeds)][:2_000])
        for _ in range(rng.randint(1, 8)):
            place = rng.randrange(len(data))
            if rng.random() < 0.3:
                data[place : place + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\0\0\0\1", b"\x7f" + b"\xff" * 3])
            else:
                data[place] = rng.randrange(256)
        source = Bucket(bytes(data), rng.choice([len(data), 2**40]))
        traced = number % 20 == 0  # every time would take most of a minute
        if traced:
            tracemalloc.start()
        await check_media(source)
        if traced:
            peak = max(peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        most = max(most, source.total)
    assert most <= 8 * 1024 * 1024
    assert peak < 16 * 1024 * 1024


async def test_a_source_that_fails_raises_upload_error() -> None:
    class Gone(Bucket):
        async def read(self, offset: int, length: int) -> bytes:
            raise OSError(offset, length)

    with pytest.raises(UploadError):
        await check_media(Gone(making.header()))
    with pytest.raises(ConfigurationError):
        await check_media("/nowhere/clip.mp4")


async def test_a_report_is_json() -> None:
    found = (await check_media(making.header(rate=61))).to_dict()
    assert found["duration"] == 10
    assert found["problems"][0]["rule"] == "frame_rate"
