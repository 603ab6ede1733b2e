"""No path, link, pipe, device or race leads out of a media folder, and only the hashed bytes are sent."""

import asyncio
import hashlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.conftest import GrantOf, proposed
from tiktok_async import ConfigurationError, Secret, SourceChanged
from tiktok_async.agents import AgentDesk, AgentGate
from tiktok_async.agents._media import hold, resolved_folder
from tiktok_async.agents.rules.arguments import Refused
from tiktok_async.emulator import Emulator

MB = 1_000_000


def linked(media: Path) -> None:
    (media / "x.mp4").symlink_to("../secret.mp4")


def linked_to_a_file_inside(media: Path) -> None:
    (media / "x.mp4").symlink_to("clip.mp4")


def hard_linked(media: Path) -> None:
    os.link(media.parent / "secret.mp4", media / "x.mp4")


def device(media: Path) -> None:
    (media / "x.mp4").symlink_to("/dev/zero")


def pipe(media: Path) -> None:
    os.mkfifo(media / "x.mp4")


def unix_socket(media: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(media / "x.mp4"))


def folder(media: Path) -> None:
    (media / "x.mp4").mkdir()


def empty(media: Path) -> None:
    (media / "x.mp4").touch()


def too_large(media: Path) -> None:
    with (media / "x.mp4").open("wb") as file:
        file.truncate(2**40)


def missing(media: Path) -> None:
    assert not (media / "x.mp4").exists()


@pytest.mark.parametrize(
    "make", [linked, linked_to_a_file_inside, hard_linked, device, pipe, unix_socket, folder, empty, too_large, missing]
)
async def test_only_a_regular_file_of_the_folder_is_opened(media: Path, make: Callable[[Path], None]) -> None:
    make(media)
    with pytest.raises(Refused):
        await hold(str(media), "x.mp4")


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", ".", "..", "../secret.mp4", "./clip.mp4", "clip.mp4/", "//clip.mp4", "a/../clip.mp4", "clip.mp4\0"),
        *("out/secret.mp4", "/dev/zero", "\udfff", "a/" * 100 + "b", "x" * 300),
    ],
)
async def test_no_path_leads_out_of_the_folder(media: Path, path: str) -> None:
    (media / "out").symlink_to("..")
    with pytest.raises(Refused):
        await hold(str(media), path)
    with pytest.raises(Refused):
        await hold(str(media), str(media.parent / "secret.mp4"))


async def test_every_missing_file_is_refused_with_the_same_message(media: Path) -> None:
    """Otherwise an agent could find out which files exist outside."""
    output: set[str] = set()
    for path in ("missing.mp4", "../secret.mp4", "../missing.mp4", "/etc/passwd", "/etc/missing"):
        with pytest.raises(Refused) as caught:
            await hold(str(media), path)
        output.add(caught.value.reason)
    assert len(output) == 1
    assert str(media) not in output.pop()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(st.sampled_from(["", ".", "..", "media", "clip.mp4", "secret.mp4", "out", "in"]), max_size=6))
async def test_any_path_opens_only_the_folders_own_file(media: Path, parts: list[str]) -> None:
    if not (media / "out").is_symlink():
        (media / "out").symlink_to("..")
        (media / "in").symlink_to(".")
    try:
        held = await hold(str(media), "/".join(parts))
    except Refused:
        return
    with held:
        assert parts == ["clip.mp4"]


async def test_a_file_in_a_subfolder_is_opened(media: Path) -> None:
    (media / "a" / "b").mkdir(parents=True)
    (media / "a" / "b" / "c.mp4").write_bytes(b"video")
    with await hold(str(media), "a/b/c.mp4") as held:
        assert (held.size, await held.read(0, 5)) == (5, b"video")


async def test_only_bytes_of_the_folder_are_read_while_names_change(media: Path) -> None:
    """A thread swaps a name between a file and a link, as fast as it can."""
    own = b"mine" * 1000
    (media / "a.mp4").write_bytes(own)
    (media / "deep").mkdir()
    (media / "deep" / "secret.mp4").write_bytes(own)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (media / "link").symlink_to("../secret.mp4")
            (media / "link").replace(media / "a.mp4")
            (media / "file").write_bytes(own)
            (media / "file").replace(media / "a.mp4")
            (media / "deep").rename(media / "real")
            (media / "deep").symlink_to("..")
            (media / "deep").unlink()
            (media / "real").rename(media / "deep")

    swapper = threading.Thread(target=swap)
    swapper.start()
    opened = 0
    try:
        for turn in range(600):
            try:
                held = await hold(str(media), "a.mp4" if turn % 2 else "deep/secret.mp4")
            except Refused:
                continue
            with held:
                opened += 1
                assert held.sha256 == hashlib.sha256(own).hexdigest()
    finally:
        stop.set()
        swapper.join()
    assert opened


@pytest.mark.parametrize("place", [0, 300_000, 1_300_000 - 1])
async def test_bytes_that_changed_after_the_hash_are_not_returned(media: Path, place: int) -> None:
    path = media / "long.mp4"
    path.write_bytes(os.urandom(1_300_000))
    with await hold(str(media), "long.mp4") as held:
        with path.open("r+b") as file:
            file.seek(place)
            old = file.read(1)
            file.seek(place)
            file.write(bytes([old[0] ^ 1]))
        with pytest.raises(SourceChanged):
            await held.read(place, 1)


async def test_an_open_file_keeps_its_bytes_when_it_is_replaced_or_removed(media: Path) -> None:
    data = os.urandom(700_000)
    (media / "a.mp4").write_bytes(data)
    with await hold(str(media), "a.mp4") as held:
        (media / "a.mp4").unlink()
        (media / "a.mp4").write_bytes(b"another")
        assert await held.read(100, 600_000) == data[100:600_100]


async def test_a_closed_file_cannot_be_read(media: Path) -> None:
    held = await hold(str(media), "clip.mp4")
    held.close()
    held.close()
    with pytest.raises(SourceChanged):
        await held.read(0, 1)


async def test_a_cancelled_open_leaves_no_file_open(media: Path) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    await hold(str(media), "clip.mp4")
    before = count()
    for turns in range(5):
        task = asyncio.ensure_future(hold(str(media), "clip.mp4"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result().close()
    assert count() == before


def test_a_media_folder_is_stored_by_its_real_path(media: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(media)
    assert resolved_folder(str(tmp_path / "alias")) == str(media.resolve())
    with pytest.raises(ConfigurationError, match="no folder"):
        resolved_folder(str(media / "clip.mp4"))


async def test_a_file_changed_after_the_proposal_is_not_posted(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret, media: Path
) -> None:
    proposal = await proposed(gate)
    good = (media / "clip.mp4").read_bytes()
    (media / "clip.mp4").write_bytes(good[:-1] + b"?")
    with pytest.raises(ConfigurationError, match="not the one that was proposed"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0
    (media / "clip.mp4").write_bytes(good)
    await desk.approve(proposal, approver=approver)
    assert emulator.posts[0].sha256 == hashlib.sha256(good).hexdigest()


async def test_a_file_swapped_for_a_link_after_the_proposal_is_not_posted(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret, media: Path
) -> None:
    proposal = await proposed(gate)
    (media / "clip.mp4").rename(media.parent / "moved.mp4")
    (media / "clip.mp4").symlink_to("../moved.mp4")
    with pytest.raises(ConfigurationError, match="no such video"):
        await desk.approve(proposal, approver=approver)
    assert len(emulator.posts) == 0


async def test_a_grant_with_a_moved_folder_opens_no_file(desk: AgentDesk, grant_of: GrantOf, media: Path) -> None:
    await desk.add(grant_of())
    gate = await desk.gate("bot")
    media.rename(media.parent / "old")
    media.symlink_to(media.parent / "old")
    answer = await gate.call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY"})
    assert answer["outcome"] == "refused"
