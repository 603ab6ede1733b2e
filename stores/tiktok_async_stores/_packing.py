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
_CODES = {bytes([number]): phrase for number, phrase in enumerate(_PHRASES, 1)}
# Longest first, since a short one may be part of a long one.
_BY_LENGTH = sorted(_CODES.items(), key=lambda item: -len(item[1]))
_CODE = re.compile(rb"[\x01-\x1f]")


def pack(body: bytes) -> bytes:
    """Return *body*, which is JSON without line breaks, in fewer bytes."""
    for code, phrase in _BY_LENGTH:
        if phrase in body:
            body = body.replace(phrase, code)
    return body


def unpack(packed: bytes) -> bytes:
    """Return what `pack` made *packed* of; anything else comes back as it is, for the codec to refuse."""
    return _CODE.sub(_phrase, packed)


def _phrase(match: re.Match[bytes]) -> bytes:
    return _CODES.get(match[0], match[0])
