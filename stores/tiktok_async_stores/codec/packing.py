"""Records made small for a file that may hold millions: what they have in common becomes one byte each.

Deflate would save more, but lets go of the interpreter's lock around a microsecond of work, and then waits for the
store's thread to give it back.
"""

import re

# Part of the file format: entries are added at the end and never edited. JSON has no byte below 32, so each of those
# can stand for a phrase; what holds none of them was stored as it is.
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
# Longest first, since a short one may be the start of a long one. One pass takes half the time of one for each phrase.
_PHRASE = re.compile(b"|".join(map(re.escape, sorted(_PHRASES, key=len, reverse=True))))


def pack(body: bytes) -> bytes:
    """Return *body*, which is JSON without line breaks, in fewer bytes."""
    return _PHRASE.sub(_code, body)


def unpack(packed: bytes) -> bytes:
    """Return what `pack` made *packed* of; anything else comes back as it is, for the codec to refuse."""
    for code, phrase in _CODES:
        packed = packed.replace(code, phrase)
    return packed


def _code(match: re.Match[bytes]) -> bytes:
    return _BYTES[match[0]]
