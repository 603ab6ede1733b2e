"""Archives of private messages are private to their owner, also where another user has put files or links."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portability.test_archive import packed
from tests.portability.test_portability import ONGOING, connected, names_in, sent
from tiktok_async import (
    ApiError,
    ConfigurationError,
    Endpoint,
    TikTokError,
    TikTokSession,
)
from tiktok_async._files import continue_private, create_private
from tiktok_async.api.portability.portability import PortabilityRequest
from tiktok_async.emulator import Emulator


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The umask makes new files readable for all, unless they are made private."""
    old = os.umask(0)
    try:
        yield
    finally:
        os.umask(old)


@pytest.fixture
async def ready(emulator: Emulator, session: TikTokSession) -> PortabilityRequest:
    account = await connected(emulator, session, ONGOING)
    request = await account.portability.add(["all_data"])
    await request.wait()
    return request


@pytest.mark.usefixtures("open_umask")
async def test_an_archive_and_its_members_are_private_to_their_owner(ready: PortabilityRequest, tmp_path: Path) -> None:
    archive = await ready.download(tmp_path / "archive.zip")
    assert mode(archive.path) == 0o600
    written = await archive.extract(tmp_path / "out")
    assert {mode(path) for path in written} == {0o600}
    assert {mode(path) for path in (tmp_path / "out").rglob("*") if path.is_dir()} <= {0o700}
    assert mode(tmp_path / "out") == 0o700


@pytest.mark.parametrize("target", ["victim.txt", "nothing-there"])
async def test_a_planted_link_is_not_followed_by_a_download(
    ready: PortabilityRequest, tmp_path: Path, target: str
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (tmp_path / "victim.txt").write_text("mine")
    (folder / f".archive.zip.{ready.request_id}.part").symlink_to(tmp_path / target)
    (folder / "archive.zip").symlink_to(tmp_path / "victim.txt")
    archive = await ready.download(folder / "archive.zip")
    assert (tmp_path / "victim.txt").read_text() == "mine"
    assert not (tmp_path / "nothing-there").exists()
    assert not archive.path.is_symlink()
    assert names_in(folder) == ["archive.zip"]
    assert mode(archive.path) == 0o600


async def test_a_hard_link_to_another_file_is_not_written_to(ready: PortabilityRequest, tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    os.link(victim, tmp_path / f".archive.zip.{ready.request_id}.part")
    await ready.download(tmp_path / "archive.zip")
    assert victim.read_text() == "mine"


async def test_no_member_is_written_through_a_folder_that_became_a_link(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", ("Posts/posts.json", b"{}"))
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (out / "Posts").symlink_to(elsewhere)
    with pytest.raises(TikTokError, match="not written completely"):
        await archive.extract(out)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("planted", ["file", "link"])
async def test_a_member_does_not_replace_an_existing_file(tmp_path: Path, planted: str) -> None:
    archive = packed(tmp_path / "a.zip", ("posts.json", b"{}"))
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim").write_text("mine")
    if planted == "file":
        (out / "posts.json").write_text("mine")
    else:
        (out / "posts.json").symlink_to(tmp_path / "victim")
    with pytest.raises(TikTokError, match="not written completely"):
        await archive.extract(out)
    assert (out / "posts.json").read_text() == "mine"


async def test_a_folder_is_refused_before_anything_is_transferred(
    emulator: Emulator, ready: PortabilityRequest, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "none" / "archive.zip"):
        with pytest.raises(ConfigurationError, match="folder"):
            await ready.download(path)
    assert sent(emulator, Endpoint.PORTABILITY_DOWNLOAD) == 0
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_refused_download_leaves_nothing_behind(
    emulator: Emulator, ready: PortabilityRequest, tmp_path: Path, status: int
) -> None:
    emulator.fail_next(Endpoint.PORTABILITY_DOWNLOAD, status=status, times=50)
    with pytest.raises(ApiError):
        await ready.download(tmp_path / "archive.zip")
    assert names_in(tmp_path) == []


def test_a_pipe_at_the_path_of_the_part_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "part")
    with continue_private(tmp_path / "part") as file:
        file.write(b"a")
    assert (tmp_path / "part").read_bytes() == b"a"


def test_a_download_continues_with_its_own_part_and_makes_it_private(tmp_path: Path) -> None:
    with create_private(tmp_path / "part") as file:
        file.write(b"a")
    (tmp_path / "part").chmod(0o644)
    with continue_private(tmp_path / "part") as file:
        assert file.tell() == 1
        file.write(b"b")
    assert (tmp_path / "part").read_bytes() == b"ab"
    assert mode(tmp_path / "part") == 0o600
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "part")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_download_does_not_continue_with_a_file_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"theirs")
    os.chown(tmp_path / "part", 12345, 12345)
    with continue_private(tmp_path / "part") as file:
        assert file.tell() == 0
    assert (tmp_path / "part").stat().st_uid == 0
