"""Notes in Redis."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from tiktok_async.models import AccountKey
from tiktok_async_stores.redis.link import RedisLink
from tiktok_async_stores.redis.records import check_signed, plain, signed
from tiktok_async_stores.redis.scripts import Script

__all__ = ["RedisNotes"]

_PUT = Script("""
local held = redis.call('GET', KEYS[1])
if held and ARGV[4] == '1' then
  if string.sub(held, 1, #ARGV[1]) == ARGV[1] then return 1 end
  return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
""")
# Key: note. Arguments: request id, value, milliseconds, 1 for only if absent. Answers 1 if it was stored; a
# repeated request is recognised by its id.


class RedisNotes:
    """Notes shared by all users of the server, which end by Redis's clock.

    Args:
        link: The server.
        key_of: Makes a key of an app, from a client_key and further parts.
    """

    def __init__(self, link: RedisLink, key_of: Callable[..., bytes]) -> None:
        self._link = link
        self._key_of = key_of

    async def get_note(self, key: AccountKey, name: str) -> bytes | None:
        """Return the note, or `None`."""
        held = await self._link.command("GET", self._key(key, name))
        if held is None:
            return None
        request, _, value = plain(held).partition(b" ")
        check_signed(request, key)
        return value

    async def put_note(self, key: AccountKey, name: str, value: bytes, *, ttl: timedelta, only_if_absent: bool) -> bool:
        """Store a note. Returns whether it was stored."""
        milliseconds = max(1, ttl // timedelta(milliseconds=1))
        request = signed(uuid4().hex[:16], key)
        stored = await self._link.run(
            _PUT, [self._key(key, name)], request, value, milliseconds, "1" if only_if_absent else "0"
        )
        return bool(stored)

    async def delete_note(self, key: AccountKey, name: str) -> bool:
        """Delete the note. Returns whether there was one."""
        return bool(await self._link.command("DEL", self._key(key, name)))

    def _key(self, key: AccountKey, name: str) -> bytes:
        # A digest has a fixed length, so that no open_id can form the key of another one's note.
        digest = hashlib.sha256(name.encode()).hexdigest().encode()
        return self._key_of(key.client_key, b"note", key.open_id.encode(), digest)
