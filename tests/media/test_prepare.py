"""`tiktok-async prepare`: ffmpeg fixes the problems of a file, and the result passes the check."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.media import making
from tiktok_async import check_media
from tiktok_async.cli._main import run


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (making.video("mov", rate=10, sides=(300, 200), frames=4), "out.mp4"),
        (making.video("avi", codec="mpeg4", rate=61), "out.mp4"),
        (making.video(), "out.mp4"),
        (making.photo("PNG", (1200, 2400)), "out.jpg"),
    ],
    ids=["slow, small mov", "fast avi", "good", "large png"],
)
def test_a_file_that_prepare_wrote_passes_the_check(data: bytes, target: str, tmp_path: Path) -> None:
    source, written = tmp_path / "-in.bin", tmp_path / target
    source.write_bytes(data)
    assert run(["prepare", str(source), str(written)]) == 0
    report = asyncio.run(check_media(written))
    assert report.ok, str(report)


def test_a_file_that_needs_no_change_and_an_existing_file_are_left_unchanged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, there = tmp_path / "in.mp4", tmp_path / "there.mp4"
    source.write_bytes(b"no video")
    assert run(["prepare", str(source), str(tmp_path / "out.mp4")]) == 2
    assert "No command fixes this file" in capfd.readouterr().err
    source.write_bytes(making.video())
    there.write_bytes(b"kept")
    assert run(["prepare", str(source), str(there)]) == 2
    assert there.read_bytes() == b"kept"


def test_a_creators_longest_video_is_the_length_of_the_command() -> None:
    report = asyncio.run(check_media(making.header(milliseconds=700_000)))
    assert report.longest == timedelta(minutes=10)
    assert "-t 600" in (report.problems[0].command or "")
