"""Reading a user's archive: a zip file whose names, sizes and contents cannot be trusted."""

import asyncio
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath

from tiktok_async._files import create_private, make_private_folders
from tiktok_async.errors import TikTokError
from tiktok_async.models import ArchiveMember

__all__ = ["Archive", "check_archive"]

_MEBIBYTE = 1024 * 1024
_PIECE = 256 * 1024
_MOST_MEMBERS = 1_000_000
_MAGIC = b"PK"


class Archive:
    """A downloaded archive, read member by member. TikTok does not document its contents.

    Attributes:
        path: The zip file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Archive({str(self.path)!r})"

    async def members(self) -> tuple[ArchiveMember, ...]:
        """Return the files in it.

        Raises:
            TikTokError: It is not a readable zip file.
        """
        return await asyncio.to_thread(self._members)

    async def read(self, name: str, *, max_size: int = 64 * _MEBIBYTE) -> bytes:
        """Return the bytes of one member.

        Args:
            name: Its name in `members`.
            max_size: The most bytes to read, whatever size the archive states.

        Raises:
            TikTokError: There is no such member, it is larger than *max_size*, or it is damaged.
        """
        return await asyncio.to_thread(self._read, name, max_size)

    async def extract(self, folder: str | os.PathLike[str], *, max_size: int = 4096 * _MEBIBYTE) -> list[Path]:
        """Write all members below *folder*, readable only by their owner, and return the paths.

        If a member's name leads out of the folder, or a member is a link, nothing is written.

        Args:
            folder: The folder, created if needed.
            max_size: The most bytes to write in total, whatever size the archive states.

        Raises:
            TikTokError: A name cannot be trusted, the total is larger than *max_size*, a member is damaged, or a file
                cannot be written; an existing file is never replaced.
        """
        try:
            return await asyncio.to_thread(self._extract, Path(folder), max_size)
        except OSError as error:
            problem = f"{error.strerror or type(error).__name__}: {error.filename}"
        raise TikTokError(f"The archive was not written completely ({problem}). Give an empty folder.")

    def _members(self) -> tuple[ArchiveMember, ...]:
        with _opened(self.path) as zipped:
            return tuple(
                ArchiveMember(name=one.filename, size=one.file_size, compressed_size=one.compress_size)
                for one in zipped.infolist()
                if not one.is_dir()
            )

    def _read(self, name: str, max_size: int) -> bytes:
        with _opened(self.path) as zipped:
            try:
                info = zipped.getinfo(name)
            except KeyError:
                raise TikTokError(f"There is no {name[:200]!r} in {self.path.name}.") from None
            pieces = bytearray()
            _copy_member(zipped, info, pieces.extend, max_size)
            return bytes(pieces)

    def _extract(self, folder: Path, max_size: int) -> list[Path]:
        with _opened(self.path) as zipped:
            infos = [info for info in zipped.infolist() if not info.is_dir()]
            targets = [folder.joinpath(*_safe_parts(info)) for info in infos]
            written: list[Path] = []
            for info, target in zip(infos, targets, strict=True):
                make_private_folders(folder, target.parent)
                with create_private(target) as file:
                    max_size -= _copy_member(zipped, info, file.write, max_size)
                written.append(target)
            return written


def check_archive(path: Path, *, contents: bool) -> str | None:
    """Return the problem with the file *path* as a zip archive, in words; `None` if there is none.

    Args:
        path: The file.
        contents: Whether to read every member and compare its checksum, too.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return "it does not begin like a zip file"
    try:
        with zipfile.ZipFile(path) as zipped:
            if len(zipped.infolist()) > _MOST_MEMBERS:
                return "it has too many members"
            if contents and (bad := zipped.testzip()) is not None:
                return f"its member {bad[:200]!r} is damaged"
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        return f"its directory cannot be read ({type(error).__name__})"
    return None


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        problem = type(error).__name__
    raise TikTokError(f"{path} cannot be read as a zip file ({problem}). Download it again.")


def _copy_member(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, take: Callable[[bytes], object], most: int) -> int:
    """Pass on the bytes of a member, counting the real ones, and return their number."""
    total = 0
    problem: str | None = None
    try:
        with zipped.open(info) as member:
            while piece := member.read(_PIECE):
                total += len(piece)
                if total > most:
                    problem = f"it is larger than the {most} bytes of max_size; raise that if you trust it"
                    break
                take(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        problem = f"it is damaged or encrypted ({type(error).__name__})"
    if problem is not None:
        raise TikTokError(f"{info.filename[:200]!r} of the archive was not read: {problem}.")
    return total


def _safe_parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    """Return the parts of a member's path, none of which leads out of the folder on any system.

    Raises:
        TikTokError: One would.
    """
    name = info.orig_filename
    parts = PurePosixPath(name).parts
    windows = PureWindowsPath(name)
    trusted = (
        bool(parts)
        and "\0" not in name
        and not name.startswith(("/", "\\"))
        and not windows.drive
        and not windows.root
        and ".." not in (*parts, *windows.parts)
        and not any(":" in part for part in parts)
        and not stat.S_ISLNK(info.external_attr >> 16)
    )
    if not trusted:
        raise TikTokError(
            f"The archive's member {name[:200]!r} leads out of the folder or is a link; nothing was written."
        )
    return windows.parts
