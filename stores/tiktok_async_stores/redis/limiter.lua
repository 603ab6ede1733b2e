-- One worker's request to one window, as one step: it reports answers, returns unused permits, and asks for more.
--
-- A slot is in use from its grant until `per` after its call's answer. The ring holds the times at which slots
-- become free again, ascending, four bytes each; granted slots are counted in their holder's record. A holder
-- that died counts as answered at its lease's end. All times are milliseconds, by this server's clock.
--
-- KEYS[1]  the window     KEYS[2]  names this server's memory; optional, with 16 and 17
-- ARGV  1 holder           2 number of the request      3 count              4 per
--       5 lease            6 permits needed             7 further permits         8 returned permits
--       9 time of a block    10 horizon                   11 "day" or "sliding"
--       12 ages of answers, microseconds                13 ages of answers to calls that nobody granted
--       14 "known" if the window must exist             15 the time; empty: this server's
--       16 the window's life as this worker knows it     17 the memory's, 0 if it knows none
-- Returns {granted, free, ask again in, wait of the last in the queue, blocked for, used, delay, delay, ...}: `granted`
-- is the number of permits for now; each delay is the time until a further one. With KEYS[2] the window's
-- life and the memory's follow: when each began, in microseconds.
local holder, seq = ARGV[1], tonumber(ARGV[2])
local count, per, lease = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local need, extra, back = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local block, horizon, day = tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11] == 'day'
local DAY, MOST_DELAYED, AHEAD = 86400000, 64, 5000

local exact = tonumber(ARGV[15])
if not exact then
  local time = redis.call('TIME')
  exact = time[1] * 1000 + time[2] / 1000
end

-- The memory's name is lost with all other data. A worker that knew another name reports it, and all windows that
-- began since then stay blocked for their length, since their earlier use is unknown.
local memory, lost_at = 0, 0
if KEYS[2] then
  local text, renewed = redis.call('GET', KEYS[2]), 0
  if text then
    memory, lost_at, renewed = string.match(text, '^(%d+) (%d+) (%d+)$')
    memory, lost_at, renewed = tonumber(memory), tonumber(lost_at), tonumber(renewed)
  else
    memory = math.floor(exact * 1000)
  end
  local knew = tonumber(ARGV[17])
  local news = knew > 0 and knew ~= memory and lost_at == 0
  if news then lost_at = memory end
  if news or exact - renewed > DAY then
    redis.call('SET', KEYS[2], string.format('%.0f %.0f %.0f', memory, lost_at, exact), 'PX', 30 * DAY)
  end
end

local raw = redis.call('GET', KEYS[1])
local base, last, shut_until, ring, today, used, holders, life
if raw then
  base, last, shut_until, ring, today, used, holders, life = cmsgpack.unpack(raw)
  life = life or 0 -- stored by an older release
  local knew = tonumber(ARGV[16] or 0)
  if knew > 0 and life > 0 and knew ~= life and not day then shut_until = math.max(shut_until, life / 1000 + per) end
  exact = math.max(exact, last) -- a clock that is set back must not make a slot free twice
else
  base, shut_until, ring, today, used, holders = math.floor(exact), 0, '', 0, 0, {}
  life = math.floor(exact * 1000)
  -- The server lost its memory: wait for a whole window, since the earlier use is unknown.
  if ARGV[14] == 'known' and not day then shut_until = exact + per end
end
if lost_at > 0 and life >= lost_at and not day then shut_until = math.max(shut_until, lost_at / 1000 + per) end
local now = math.floor(exact)

local mine = holders[holder]
if mine and mine[1] == seq then return mine[5] end -- the reply was lost and the request was sent again
-- A server with older data, or with a clock that went ahead, has lost or freed slots that this worker knows.
if raw and ARGV[14] == 'known' and not day and (not mine or mine[1] < seq - 1 or mine[3] + AHEAD <= exact) then
  shut_until = math.max(shut_until, exact + per)
end

local function at(i) return (struct.unpack('>I4', ring, 4 * i - 3)) end

-- The slots that ended since: answered calls, and those of holders that died.
local ends = {}
for age in string.gmatch(ARGV[12], '%d+') do
  ends[#ends + 1] = math.ceil(exact - age / 1000) + per
  back = back + 1
  used = used + 1 -- unlike a returned permit, an answered one stays counted today
end
for age in string.gmatch(ARGV[13], '%d+') do
  ends[#ends + 1] = math.ceil(exact - age / 1000) + per
  used = used + 1
end
mine = mine or {seq, 0, 0, 0, {}, 0}
if mine[3] <= exact then -- it was away for longer than its lease, and knows that its permits have ended
  for _ = 1, mine[2] do ends[#ends + 1] = math.ceil(mine[3]) + per end
  mine[2] = 0
end
mine[2] = math.max(0, mine[2] - back)
used = math.max(0, used - back)
holders[holder] = mine
local held, others, workers, lives = 0, 0, 0, exact + lease
for name, other in pairs(holders) do
  if name ~= holder and other[3] <= exact then
    for _ = 1, other[2] do ends[#ends + 1] = math.ceil(other[3]) + per end
    holders[name] = nil
  else
    held, workers = held + other[2], workers + 1
    if name ~= holder and other[6] > exact then others = others + other[4] end
    if other[2] > 0 then lives = math.max(lives, other[3] + per) end
  end
end
if day then
  if math.floor(exact / DAY) > today then today, used = math.floor(exact / DAY), held end
  ends = {}
end

-- The ring: remove the ends that have passed at its head, insert the new ones near its tail.
local size = #ring / 4
if size == 0 or now - base > 2147483648 then
  for i = 1, size do ends[#ends + 1] = at(i) + base end
  base, ring, size = now, '', 0
end
local low, high = 0, size
while low < high do
  local middle = math.floor((low + high) / 2) + 1
  if at(middle) + base <= now then low = middle else high = middle - 1 end
end
if low > 0 then ring, size = string.sub(ring, 4 * low + 1), size - low end
local fresh = {}
for _, time in ipairs(ends) do if time > now then fresh[#fresh + 1] = time - base end end
if #fresh > 0 then
  table.sort(fresh)
  local first = fresh[1]
  local keep = size
  while keep > 0 and at(keep) > first do
    fresh[#fresh + 1] = at(keep)
    keep = keep - 1
  end
  table.sort(fresh)
  for i, time in ipairs(fresh) do fresh[i] = struct.pack('>I4', time) end
  ring, size = string.sub(ring, 1, 4 * keep) .. table.concat(fresh), keep + #fresh
end

-- Grants: the slots that are free now, then those free within the horizon, shared among all waiting workers.
if block > 0 then shut_until = math.max(shut_until, exact + block) end
local taken = day and used or (size + held)
local free, soon = math.max(0, count - taken), 0
if shut_until > exact then
  free = 0
elseif not day and taken <= count then
  while soon < size and soon < MOST_DELAYED and at(soon + 1) + base <= now + horizon do soon = soon + 1 end
end
local share = math.min(need, free + soon)
if others > 0 then share = math.min(need, math.ceil((free + soon) * need / (need + others))) end
local granted = math.min(share, free)
local delays = {}
for i = 1, share - granted do delays[i] = at(i) + base - now end
if #delays > 0 then ring, size = string.sub(ring, 4 * #delays + 1), size - #delays end
if others == 0 and granted == need then
  granted = granted + math.max(0, math.min(extra, math.floor((free - granted) / (4 * workers))))
end
local lacking = math.max(0, need - granted - #delays)
mine[1], mine[2], mine[3] = seq, mine[2] + granted + #delays, exact + lease
used = used + granted

-- The time to ask again, and the wait of the last in the queue.
local again, wait = 0, 0
if lacking > 0 then
  local place = lacking + others
  local over = math.max(0, size + held + granted + #delays - count)
  if day then
    again = (today + 1) * DAY - exact
    wait = again + math.floor((place - 1) / count) * DAY
  else
    again, wait = per / 4, per * (1 + math.floor(math.max(0, place - size - 1) / count))
    if free > granted then again = horizon / 2 -- others wait too, and have not fetched their share yet
    elseif size > 0 then again = math.max(horizon / 2, math.min(again, at(1) + base - now - horizon)) end
    if place + over <= size then wait = at(place + over) + base - now end
  end
  if shut_until > exact then
    again, wait = math.max(again, shut_until - exact), math.max(wait, shut_until - exact)
  end
end
mine[4], mine[6] = lacking, exact + again + 2 * horizon
mine[5] = {granted, free - granted, math.ceil(again), math.ceil(wait), math.ceil(math.max(0, shut_until - exact)),
  day and used or (size + held + #delays + granted)}
for _, delay in ipairs(delays) do mine[5][#mine[5] + 1] = delay end
if KEYS[2] then
  mine[5][#mine[5] + 1] = life
  mine[5][#mine[5] + 1] = memory
end

if mine[2] > 0 then lives = math.max(lives, mine[3] + per) end
if size > 0 then lives = math.max(lives, at(size) + base) end
if day then lives = math.max(lives, (today + 1) * DAY) end
lives = math.max(lives, shut_until)
redis.call('SET', KEYS[1], cmsgpack.pack(base, exact, shut_until, ring, today, used, holders, life),
  'PX', math.ceil(lives - exact) + 1000)
return mine[5]
