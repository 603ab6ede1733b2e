"""The atomic steps in Redis, as Lua scripts.

Every script may arrive twice, since a client may repeat it after a lost reply; the second one changes nothing and gives
the same answer.

A record is `VERSION REQUEST DUE BODY`: its version, the id of the request that stored it, its place in the index
(`-` for none) and the token. The index and the list of accounts are sorted sets whose scores are all 0, so that
Redis sorts by the members: a listing continues after the last member, also with writes between its pages.
"""

import hashlib


class Script:
    """A Lua script and its name in Redis."""

    __slots__ = ("sha", "text")

    def __init__(self, text: str) -> None:
        self.text: str = text
        self.sha: str = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - Redis names scripts by it


_HEAD = """
local function head(key)
  local text = redis.call('GETRANGE', key, 0, 95)
  local version, request, due = string.match(text, '^(%d+) (%S+) (%S+) ')
  return tonumber(version or '0'), request, due
end
"""

PUT = Script(
    _HEAD
    + """
local answers, before = {}, tonumber(ARGV[1])
for i = 3, #KEYS do
  local at = (i - 3) * 3 + 2
  local expected, life, rest = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local version, last_request, last_due = head(KEYS[i])
  local request, due = string.match(rest, '^(%S+) (%S+) ')
  if last_request == request then
    answers[i - 2] = version
  elseif expected ~= '' and tonumber(expected) ~= version then
    answers[i - 2] = -1 - version
  else
    local open_id = string.sub(KEYS[i], before + 1)
    if last_due and last_due ~= '-' then redis.call('ZREM', KEYS[1], last_due .. ':' .. open_id) end
    if version == 0 then redis.call('ZADD', KEYS[2], 0, open_id) end
    version = version + 1
    redis.call('SET', KEYS[i], version .. ' ' .. rest)
    redis.call('PEXPIRE', KEYS[i], life)
    if due ~= '-' then redis.call('ZADD', KEYS[1], 0, due .. ':' .. open_id) end
    answers[i - 2] = version
  end
end
return table.concat(answers, ' ')
"""
)
"""Keys: index, accounts, records. Arguments: the number of bytes before the open_id in a record's key; then, for each
record: expected version or nothing, life (milliseconds), the record without its version. Answers for each its
version, or -1 minus the version of a conflict; all in one text, since redis-py takes longer for a list."""

DELETE = Script(
    _HEAD
    + """
local version, _, due = head(KEYS[3])
if due then redis.call('ZREM', KEYS[1], due .. ':' .. ARGV[1]) end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[3])
"""
)
"""Keys: index, accounts, record. Argument: open_id. Answers the number of deleted records."""

LIVE = Script(
    _HEAD
    + """
local live = {}
for i = 2, #KEYS do
  local version, _, due = head(KEYS[i])
  if version > 0 and (ARGV[1] ~= 'index' or string.sub(ARGV[i], 1, #due + 1) == due .. ':') then
    live[i - 1] = 1
  else
    live[i - 1] = 0
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return live
"""
)
"""Keys: index or accounts, records. Arguments: which of the two, then the member of each record. Answers which of
them are valid, and removes the others, whose records ended by themselves."""

ACQUIRE = Script("""
local held = redis.call('GET', KEYS[1])
if held then
  local owner, fence = string.match(held, '^(%S+) (%d+)$')
  if owner ~= ARGV[1] then return false end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(fence)
end
local fence = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. string.format('%d', fence), 'PX', ARGV[2])
return fence
""")
"""Keys: lease, fence. Arguments: owner, milliseconds. Answers the fence, or nothing if another owner holds it."""

RENEW = Script("""
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(%S+) ') == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
""")
"""Key: lease. Arguments: owner, milliseconds. Answers 1 if it was still the owner's."""

RELEASE = Script("""
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(%S+) ') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")
"""Key: lease. Argument: owner. Answers 1 if it was still the owner's."""
