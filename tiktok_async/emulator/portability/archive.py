"""The zip archive with a user's data.

The content of its files is not documented; folders and topics are those of TikTok's page.
Source: https://developers.tiktok.com/doc/data-portability-data-types
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import orjson

from tiktok_async.emulator.engine.users import EmulatedUser

_DAY_ONE: Final = (2026, 11, 1, 0, 0, 0)


def archive(user: EmulatedUser, categories: tuple[str, ...], data_format: str, *, at_least: int = 0) -> bytes:
    """Return the archive; the same arguments give the same bytes.

    Args:
        user: The user whose data it contains.
        categories: The categories of data in it.
        data_format: `json` or `text`.
        at_least: Its minimum size in bytes.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
        for folder, content in _folders(user, categories):
            if data_format == "json":
                name, text = f"{folder}/{folder}.json", orjson.dumps(content, option=orjson.OPT_INDENT_2)
            else:
                lines = (f"{key}: {value}" for key, value in content.items())
                name, text = f"{folder}/{folder}.txt", "\n".join(lines).encode()
            zipped.writestr(zipfile.ZipInfo(name, _DAY_ONE), text)
        if at_least:
            # A `ZipInfo` entry is stored uncompressed, so the archive really has this size.
            zipped.writestr(zipfile.ZipInfo("Posts/videos.bin", _DAY_ONE), _random_bytes(at_least))
    return stream.getvalue()


def _folders(user: EmulatedUser, categories: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    everything = "all_data" in categories
    if everything or "profile" in categories:
        yield "Profile", {"userName": user.username, "displayName": user.display_name, "bio": user.bio_description}
    if everything or "video" in categories:
        yield "Posts", {"VideoList": [{"Link": f"https://www.tiktok.com/@{user.username}/video/{i}"} for i in range(3)]}
    if everything or "activity" in categories:
        yield "Activity", {"Like List": [], "Login History": [{"IP": "192.0.2.1", "DeviceModel": "Emu"}]}
    if everything or "direct_message" in categories:
        yield "Direct Messages", {"ChatHistory": {"Chat History with friend": [{"From": "friend", "Content": "hi"}]}}
    if everything:
        yield "App Settings", {"Language": "en"}
        yield "Comments", {"CommentsList": []}


def _random_bytes(size: int) -> bytes:
    return hashlib.shake_128(b"archive").digest(size)
