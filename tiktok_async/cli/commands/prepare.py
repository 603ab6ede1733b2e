"""`tiktok-async prepare`."""

import asyncio
import shutil
import sys
from pathlib import Path

from tiktok_async.errors import ConfigurationError


async def command(source: Path, target: Path, /, *, force: bool = False) -> None:
    """Make a video or photo one that TikTok takes, with ffmpeg.

    What is good already is kept: a video that breaks no rule is copied without loss.

    Args:
        source: The file.
        target: The file to write, `.mp4` for a video and `.jpg` for a photo.
        force: Overwrite *target*.
    """
    from tiktok_async.media import check_media, ffmpeg_command

    found = await check_media(source)
    for problem in found.problems:
        sys.stderr.write(f"{problem}\n")
    arguments = ffmpeg_command(found, source, target)
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise ConfigurationError(f"ffmpeg is not installed; elsewhere, this does it: {' '.join(arguments)}")
    if await asyncio.to_thread(_in_the_way, source, target, force=force):
        raise ConfigurationError(f"{target} exists; name another file, or say --force.")
    # No shell, and a name that begins with a hyphen or looks like a URL is a file all the same.
    process = await asyncio.create_subprocess_exec(ffmpeg, *arguments[1:], stdin=asyncio.subprocess.DEVNULL)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise
    if code != 0:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise ConfigurationError(f"ffmpeg could not convert {source} (exit code {code}); its words are above.")
    after = await check_media(target)
    if not after.ok:
        raise ConfigurationError(f"{after}.")
    sys.stdout.write(f"{target}\n")


def _in_the_way(source: Path, target: Path, *, force: bool) -> bool:
    return target.exists() and (not force or target.samefile(source))
