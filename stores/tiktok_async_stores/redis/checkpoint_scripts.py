"""The atomic steps of `RedisCheckpointStore`, as Lua scripts.

A record is `VERSION REQUEST DUE ROUND BODY`: its version, the id of the request that stored it, its due time
(microseconds since 1970), its round and the checkpoint. The index is a sorted set of open_ids by that time.

A script may arrive twice, since a client may repeat it after a lost reply. A second PUT or ADD changes nothing; a
second TAKE returns nothing, so that those accounts are due again only at *until*.
"""

from tiktok_async_stores.redis.scripts import Script

_HEAD = """
local function head(key)
  local text = redis.call('GETRANGE', key, 0, 95)
  local version, request, due, round = string.match(text, '^(%d+) (%S+) (%S+) (%d+) ')
  return tonumber(version or '0'), request, due, tonumber(round or '-1')
end
local function store(index, key, version, request, due, round, open_id, body)
  redis.call('SET', key, string.format('%d', version) .. ' ' .. request .. ' ' .. due .. ' ' .. round .. ' ' .. body)
  redis.call('ZADD', index, due, open_id)
end
"""

PUT = Script(
    _HEAD
    + """
local version, request = head(KEYS[2])
if request == ARGV[2] then return version end
if tonumber(ARGV[1]) ~= version then return -1 - version end
store(KEYS[1], KEYS[2], version + 1, ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
return version + 1
"""
)
"""Keys: index, record. Arguments: expected version, request, due, round, open_id, body. Answers the version, or -1
minus the version of a conflict."""

ADD = Script(
    _HEAD
    + """
local stored = 0
for i = 2, #KEYS do
  local at = (i - 2) * 4 + 1
  local version, request = head(KEYS[i])
  if version == 0 then
    store(KEYS[1], KEYS[i], 1, ARGV[1], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
    stored = stored + 1
  elseif request == ARGV[1] then
    stored = stored + 1
  end
end
return stored
"""
)
"""Keys: index, records. Arguments: request, then for each record due, round, open_id, body. Answers the number of new
ones."""

TAKE = Script(
    _HEAD
    + """
local rounds = {}
for i = 2, #KEYS do
  local open_id = ARGV[i + 1]
  local version, request, due, round = head(KEYS[i])
  rounds[i - 1] = -1
  if version == 0 then
    redis.call('ZREM', KEYS[1], open_id)
  elseif tonumber(due) < tonumber(ARGV[1]) then
    -- Both are times of these centuries in microseconds, with 16 digits, so one can replace the other in place.
    local at = #string.format('%d', version) + #request + 2
    if #due == #ARGV[2] then
      redis.call('SETRANGE', KEYS[i], at, ARGV[2])
    else
      local text = redis.call('GET', KEYS[i])
      redis.call('SET', KEYS[i], string.sub(text, 1, at) .. ARGV[2] .. string.sub(text, at + #due + 1))
    end
    redis.call('ZADD', KEYS[1], ARGV[2], open_id)
    rounds[i - 1] = round
  else
    redis.call('ZADD', KEYS[1], due, open_id)
  end
end
return rounds
"""
)
"""Keys: index, records. Arguments: before, until, then the open_id of each record. Answers the round of each one that
was due, and -1 for the others."""

DELETE = Script("""
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])
""")
"""Keys: index, record. Argument: open_id. Answers the number of deleted records."""
