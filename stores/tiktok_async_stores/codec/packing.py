"""Smaller records for a file that may hold millions: each common phrase becomes one byte.

Deflate would save more, but releases the interpreter's lock for a microsecond of work, and then has to wait for it.
"""

import re

# Part of the file format: entries are added at the end and never changed. JSON has no byte below 32, so each of those
# can represent a phrase; a record without any of them was stored unchanged.
_PHRASES = (
    b'[1,"act.',
    b'","rft.',
    b'.va",["user.info.basic","video.list"],17',
    b'",["user.info.basic","video.list"],17',
    b'.va","rft.',
    b'",["',
    b"],17",
    b"000000,",
    b"000000]",
    b'","',
    b"user.info.basic",
    b"user.info.profile",
    b"user.info.stats",
    b"video.list",
    b"video.upload",
    b"video.publish",
    b"research.",
    b"portability.",
    b'"state":"reauthorization_required"',
    b'"reason":"',
    b'"attempt":["',
)
_CODES = [(bytes([number]), phrase) for number, phrase in enumerate(_PHRASES, 1)]
_BYTES = {phrase: code for code, phrase in _CODES}
# Longest first, since a short one may be the start of a long one. One pass takes half the time of one for each.
_PHRASE = re.compile(b"|".join(map(re.escape, sorted(_PHRASES, key=len, reverse=True))))


def pack(body: bytes) -> bytes:
    """Return *body*, which is JSON without line breaks, in fewer bytes."""
    return _PHRASE.sub(_code, body)


def unpack(packed: bytes) -> bytes:
    """Return the body that `pack` packed; anything else is returned unchanged, for the codec to refuse."""
    for code, phrase in _CODES:
        packed = packed.replace(code, phrase)
    return packed


def _code(match: re.Match[bytes]) -> bytes:
    return _BYTES[match[0]]
