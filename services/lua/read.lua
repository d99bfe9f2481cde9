-- Reads whole entries of a topic's stream, with the epoch and top offset that belong to them.
--
-- KEYS: stream, state
-- ARGV: direction ('up' oldest first | 'down' newest first),
--       bound ('offset' | 'time' | 'end'), its value, most publications wanted (0: the position only),
--       after how many bytes to stop (4 MiB if absent)
--   up   offset: publications after that offset    time: stored at that ms or later    end: from the oldest
--   down offset: publications before that offset   time: stored before that ms         end: from the newest
-- Returns {epoch or '', top offset, entries, 1 if it stopped early}. The entries may reach past the
-- bound and the limit by less than a batch on either side, which the caller cuts off; it stops early
-- at the limit or after so many bytes.
local call = redis.call
local stream, direction, bound, value, limit = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local stored = call('HMGET', KEYS[2], 'epoch', 'offset')
local epoch, top = stored[1] or '', tonumber(stored[2]) or 0
local CHUNK, MOST_BYTES = 64, tonumber(ARGV[5]) or 4194304

local function ms_of(entry) return tonumber(string.match(entry[1], '^(%d+)')) end
local function last_of(entry) return tonumber(string.match(entry[1], '-(%d+)$')) end

-- Ids sort by milliseconds, offsets rise with them: a binary search over time finds an offset.
local function entry_holding(offset)
  local oldest = call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local newest = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if not oldest or last_of(newest) < offset then return nil end
  local low, high = ms_of(oldest) - 1, ms_of(newest)
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    local entry = call('XRANGE', stream, string.format('%.0f-%s', middle, offset), '+', 'COUNT', 1)[1]
    if entry and last_of(entry) >= tonumber(offset) then high = middle else low = middle end
  end
  local entry = call('XRANGE', stream, string.format('%.0f-%s', high, offset), '+', 'COUNT', 1)[1]
  return entry and entry[1]
end

local from
if limit == 0 then
  return {epoch, top, {}, 0}
elseif direction == 'up' then
  if bound == 'offset' then from = entry_holding(value + 1)
  elseif bound == 'time' then from = value
  else from = '-' end
elseif bound == 'offset' then
  -- The entry that holds the bound may begin before it; past the top, begin at the top.
  from = tonumber(value) > top and '+' or entry_holding(tonumber(value))
elseif bound == 'time' then from = tonumber(value) > 0 and '(' .. value .. '-0'
else from = '+' end
if not from then return {epoch, top, {}, 0} end

local function count_lines(lines)
  local count, at = 1, string.find(lines, '\n', 1, true)
  while at do
    count, at = count + 1, string.find(lines, '\n', at + 1, true)
  end
  return count
end

-- How many of an entry's publications lie on the wanted side of the bound.
local function wanted(entry, lines)
  local count, beyond = count_lines(lines), 0
  if bound == 'offset' then
    if direction == 'up' then beyond = count - (last_of(entry) - value)
    else beyond = last_of(entry) - value + 1 end
  end
  return count - math.max(0, beyond)
end

local entries, read, reached, bytes = {}, nil, 0, 0
repeat
  if direction == 'up' then read = call('XRANGE', stream, from, '+', 'COUNT', CHUNK)
  else read = call('XREVRANGE', stream, from, '-', 'COUNT', CHUNK) end
  for i = 1, #read do
    local lines = read[i][2][2]
    entries[#entries + 1] = {read[i][1], lines}
    reached = reached + wanted(read[i], lines)
    bytes = bytes + #lines
    -- What lies beyond the bound is cut off, and a page of nothing would look like the end.
    if reached >= limit or (bytes >= MOST_BYTES and reached > 0) then return {epoch, top, entries, 1} end
  end
  if #read > 0 then from = '(' .. read[#read][1] end
until #read < CHUNK
return {epoch, top, entries, 0}
