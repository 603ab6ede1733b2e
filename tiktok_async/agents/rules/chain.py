"""The record's lines: each holds the hash of the one before it, so every changed byte is found.

A line is one JSON object with sorted keys. Its `hash` is the SHA-256 of the same object without it; its `prev` is the
hash of the line before. The store also keeps the newest hash, so a missing end is found too.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import orjson
from attrs import frozen

from tiktok_async.errors import scrub

__all__ = ["START", "Head", "Verification", "line_of", "parse", "recordable", "torn_mark", "verify"]

_NOTHING = "0" * 64
_SHOWN_TEXT = 500
_SHOWN_ITEMS = 50
_SHOWN_DEPTH = 6


@frozen(slots=True)
class Head:
    """The newest line of a record.

    Attributes:
        n: Its number, from 1; 0 where there is none.
        hash: Its hash.
    """

    n: int
    hash: str

    def to_json(self) -> bytes:
        """Return it as the note that the store keeps."""
        return orjson.dumps({"n": self.n, "hash": self.hash})

    @classmethod
    def from_json(cls, note: bytes) -> "Head":
        """Return the head from a note that `to_json` made."""
        data: Any = orjson.loads(note)
        return cls(int(data["n"]), str(data["hash"]))


START = Head(0, _NOTHING)
"""The head of an empty record."""


def line_of(head: Head, body: Mapping[str, Any]) -> tuple[bytes, Head]:
    """Return the line with *body* that follows *head*, and the new head."""
    entry = {**body, "n": head.n + 1, "prev": head.hash}
    digest = hashlib.sha256(_dumped(entry)).hexdigest()
    return _dumped({**entry, "hash": digest}) + b"\n", Head(head.n + 1, digest)


def parse(line: bytes) -> dict[str, Any] | None:
    """Return what a whole and unchanged line says; `None` for any other bytes."""
    try:
        data: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(data, dict):
        return None
    entry = cast("dict[str, Any]", data)
    claimed = entry.pop("hash", None)
    bare = _dumped(entry)
    if claimed != hashlib.sha256(bare).hexdigest() or _dumped({**entry, "hash": claimed}) + b"\n" != line:
        return None
    if not isinstance(entry.get("n"), int) or not isinstance(entry.get("prev"), str):
        return None
    return {**entry, "hash": claimed}


def torn_mark(torn: bytes) -> dict[str, Any]:
    """Return the entry that follows a line that a crash cut off."""
    return {"what": "torn", "size": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}


@frozen(slots=True, kw_only=True)
class Verification:
    """The result of checking the whole record.

    Attributes:
        entries: How many lines are whole, up to the first problem.
        problem: What is wrong first; `None`: nothing.
        line: The line that it was found at, from 1.
        offset: The byte at which that line begins.
    """

    entries: int
    problem: str | None = None
    line: int | None = None
    offset: int | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, removed, added or cut off."""
        return self.problem is None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "intact": self.intact,
            "entries": self.entries,
            "problem": self.problem,
            "line": self.line,
            "offset": self.offset,
        }


class _Look:
    """Reads one line after another, and remembers what it needs to judge the next."""

    def __init__(self, kept: Head | None) -> None:
        self._kept = kept
        self.head = START
        self.torn: bytes | None = None
        self.line = 0
        self.begins = 0
        self.torn_at = (0, 0)

    def problem_of(self, line: bytes) -> str | None:
        entry = parse(line)
        if self.torn is not None:
            return self._after_torn(entry)
        if entry is None:
            self.torn, self.torn_at = line.removesuffix(b"\n"), (self.line, self.begins)
            return None
        return self._follows(entry)

    def _after_torn(self, entry: dict[str, Any] | None) -> str | None:
        torn, self.torn = self.torn, None
        mark = torn_mark(torn or b"")
        if entry is None or any(entry.get(name) != value for name, value in mark.items()):
            self.line, self.begins = self.torn_at
            return "this line was changed"
        return self._follows(entry)

    def _follows(self, entry: dict[str, Any]) -> str | None:
        if entry["n"] != self.head.n + 1:
            return f"entry {self.head.n + 1} is missing, or was changed"
        if entry["prev"] != self.head.hash:
            return "this line does not follow the one before it"
        self.head = Head(entry["n"], entry["hash"])
        if self._kept is not None and self.head.n == self._kept.n and self.head.hash != self._kept.hash:
            return "this line is not the one that the store remembers"
        return None

    def problem_of_end(self) -> str | None:
        if self._kept is None or self.head.n >= self._kept.n:
            return None
        if self.torn is not None:
            self.line, self.begins = self.torn_at
            return "this line was changed, or cut off"
        return f"entries {self.head.n + 1} to {self._kept.n} are missing at the end"


def verify(lines: Iterable[bytes], kept: Head | None) -> Verification:
    """Check every byte of a record.

    Args:
        lines: The lines, each with the newline that ends it.
        kept: The newest line as the store remembers it; `None` where it remembers nothing.
    """
    look = _Look(kept)
    size = 0
    for line in lines:
        look.line += 1
        look.begins = size
        size += len(line)
        problem = look.problem_of(line)
        if problem is not None:
            return Verification(entries=look.head.n, problem=problem, line=look.line, offset=look.begins)
    look.line, look.begins = look.line + 1, size
    problem = look.problem_of_end()
    if problem is not None:
        return Verification(entries=look.head.n, problem=problem, line=look.line, offset=look.begins)
    return Verification(entries=look.head.n)


def recordable(value: object, depth: int = 0) -> Any:  # noqa: ANN401, PLR0911 - any JSON value, each kind on its own
    """Return *value* for the record: without secrets, and shortened to what a person reads."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        clean = scrub(value[: 4 * _SHOWN_TEXT]).encode("utf-8", "replace").decode()
        return clean if len(clean) <= _SHOWN_TEXT else f"{clean[:_SHOWN_TEXT]}... ({len(value)} characters)"
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)[:_SHOWN_TEXT]
    if depth >= _SHOWN_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        pairs = list(cast("Mapping[object, object]", value).items())[:_SHOWN_ITEMS]
        return {str(recordable(str(name)))[:_SHOWN_TEXT]: recordable(one, depth + 1) for name, one in pairs}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [recordable(one, depth + 1) for one in list(cast("Sequence[object]", value))[:_SHOWN_ITEMS]]
    return str(recordable(str(value)))


def _dumped(entry: Mapping[str, Any]) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)
