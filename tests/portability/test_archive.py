"""Untrusted archives: names that lead out of the folder, false sizes, damaged bytes."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from tiktok_async import Archive, TikTokError

LIARS = [
    "../out.txt",
    "a/../../out.txt",
    "/etc/out.txt",
    "\\\\host\\share\\out.txt",
    "..\\out.txt",
    "a\\..\\..\\out.txt",
    "C:/out.txt",
    "C:out.txt",
    "a/b:stream",
]


def packed(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Archive:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members:
            zipped.writestr(name, content)
    return Archive(path)


async def test_members_are_listed_and_read(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", ("Posts/", b""), ("Posts/posts.json", b"{}"), ("Profile/me.txt", b"me"))
    members = await archive.members()
    assert [(member.name, member.size) for member in members] == [("Posts/posts.json", 2), ("Profile/me.txt", 2)]
    assert await archive.read("Profile/me.txt") == b"me"
    with pytest.raises(TikTokError, match="There is no 'other'"):
        await archive.read("other")


async def test_all_members_are_written_below_the_folder(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", ("Posts/posts.json", b"{}"), ("me.txt", b"me"))
    written = await archive.extract(tmp_path / "out")
    assert written == [tmp_path / "out" / "Posts" / "posts.json", tmp_path / "out" / "me.txt"]
    assert [path.read_bytes() for path in written] == [b"{}", b"me"]


@pytest.mark.parametrize("name", LIARS)
async def test_a_member_name_that_leads_out_of_the_folder_is_refused_before_any_write(
    tmp_path: Path, name: str
) -> None:
    archive = packed(tmp_path / "a.zip", ("good.txt", b"good"), (name, b"evil"))
    with pytest.raises(TikTokError, match="leads out of the folder"):
        await archive.extract(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert await archive.read(name) == b"evil", "reading trusts no name, so it may be any"


async def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = packed(tmp_path / "a.zip", (link, str(tmp_path).encode()), ("link/out.txt", b"evil"))
    with pytest.raises(TikTokError, match="is a link"):
        await archive.extract(tmp_path / "out")


async def test_existing_files_are_not_overwritten(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", ("me.txt", b"me"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "me.txt").symlink_to(tmp_path / "elsewhere.txt")
    with pytest.raises(TikTokError, match="File exists"):
        await archive.extract(tmp_path / "out")
    assert not (tmp_path / "elsewhere.txt").exists()


async def test_a_zip_bomb_is_stopped_by_its_real_size_and_not_by_its_stated_size(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", ("bomb", b"\0" * 5_000_000))
    assert archive.path.stat().st_size < 10_000
    with pytest.raises(TikTokError, match="larger than the 1000000 bytes"):
        await archive.read("bomb", max_size=1_000_000)
    with pytest.raises(TikTokError, match="larger than"):
        await archive.extract(tmp_path / "out", max_size=1_000_000)


async def test_damage_is_found_by_the_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("me.txt", b"a long enough text")
    content = bytearray(path.read_bytes())
    content[content.index(b"long")] ^= 1
    path.write_bytes(content)
    with pytest.raises(TikTokError, match="damaged"):
        await Archive(path).read("me.txt")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06", b"<html></html>", b"PK" + b"x" * 1000])
async def test_the_error_for_a_file_that_is_not_a_zip_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(TikTokError, match="cannot be read as a zip file"):
        await Archive(path).members()


async def test_every_incomplete_archive_raises_our_error_or_is_read_rightly(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("me.txt", b"me" * 50)
    whole = stream.getvalue()
    path = tmp_path / "a.zip"
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(TikTokError):
            await Archive(path).read("me.txt")
