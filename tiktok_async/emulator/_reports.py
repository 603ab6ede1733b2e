"""Turns a probe's report into quirks, so that the emulator answers as TikTok did that day."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson

from tiktok_async.emulator.engine.quirk_values import change_quirks
from tiktok_async.emulator.engine.quirks import Quirks

_FORMAT = 1


def quirks_from(report: Mapping[str, Any] | str | os.PathLike[str]) -> Quirks:
    """Return the quirks that a report of `tiktok-async probe` found; all others have their defaults.

    Args:
        report: The report, or the path of its file.

    Raises:
        ValueError: It is not a report, or a report of another version.
        OSError: The file cannot be read.

    Example:
        >>> answer = {"question": "rotation", "quirk": "rotation", "side": "none"}
        >>> quirks_from({"format": 1, "answers": [answer]}).rotation
        'none'
    """
    found: Any = report if isinstance(report, Mapping) else orjson.loads(Path(report).read_bytes())
    if not isinstance(found, Mapping) or cast("Mapping[str, Any]", found).get("format") != _FORMAT:
        msg = "this is no report of `tiktok-async probe`, or it is one of another version"
        raise ValueError(msg)
    try:
        changes: dict[str, Any] = {
            str(row["quirk"]): row["side"]
            for row in cast("Mapping[str, Any]", found)["answers"]
            if row["quirk"] is not None and row["side"] is not None
        }
    except (TypeError, KeyError, AttributeError):
        msg = "the answers of this report have the wrong format"
        raise ValueError(msg) from None
    return change_quirks(Quirks(), changes)
