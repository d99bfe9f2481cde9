-- Appends one commit: a batch of publications to each of several topics, all or nothing.
--
-- KEYS: the devices index, then stream and state of each topic, then one key per remembered id,
--       then one sorted set (by the time of the last upkeep) per index entry.
-- ARGV: topics, ids, index entries, topic ttl (s), dedupe (s), epoch for topics that are new,
--   most metrics per device, retention (bytes), then
--   per topic:       publications, lines joined by \n, retention (s), retention (publications),
--                    maintain (0|1), number of latest arguments, then those: device (or nothing), oldest ts,
--                    newest ts, and field, value pairs, each value a JSON array that opens with its ts;
--   per id:          number of its topic (1 …), how many lines follow its own in that batch;
--   per index entry: member.
-- Returns {0, n, position, n, position …} without a write when ids 'n' are known already;
--   otherwise {ms, last offset, epoch, last offset, epoch …} in the order of the topics.
--
-- All checks come before the first write, and Redis refuses a script for want of memory or disk
-- only before its first write; so a commit is never half stored.
local call = redis.call
local topics, ids, entries = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ttl, dedupe, fresh, metrics = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local most_bytes = tonumber(ARGV[8])
local first_id = 1 + 2 * topics

if ids > 0 then
  local known = {0}
  for from = 1, ids, 1000 do
    local to = math.min(from + 999, ids)
    local found = call('MGET', unpack(KEYS, first_id + from, first_id + to))
    for i = 1, to - from + 1 do
      if found[i] then
        known[#known + 1] = from + i - 1
        known[#known + 1] = found[i]
      end
    end
  end
  if #known > 1 then return known end
end

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local result = {now}
local at = 9

-- Newest wins per field; only reached when the batch holds something older than what is stored.
local function keep_newest(state, first, past, fields)
  for i = first, past, 2 do
    local old = call('HGET', state, ARGV[i])
    local old_ts = old and tonumber(string.match(old, '^%[(%d+)'))
    if not old_ts or tonumber(string.match(ARGV[i + 1], '^%[(%d+)')) >= old_ts then
      fields[#fields + 1] = ARGV[i]
      fields[#fields + 1] = ARGV[i + 1]
    end
  end
end

-- Only reached when a device reports a metric that it did not report before.
local function forget_oldest(state)
  if call('HLEN', state) <= metrics then return end
  local all, known = call('HGETALL', state), {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'm:' then
      known[#known + 1] = {tonumber(string.match(all[i + 1], '^%[(%d+)')), all[i]}
    end
  end
  table.sort(known, function(a, b) return a[1] > b[1] or a[1] == b[1] and a[2] < b[2] end)
  for i = metrics + 1, #known do call('HDEL', state, known[i][2]) end
end

-- Ids count neither publications nor bytes, so every tenth of the retention leaves a mark to trim at.
local function trim_at_marks(stream, state, fields, name, before, last, retention, id)
  local step = math.floor(retention / 10)
  local mark = math.floor(last / step)
  if mark == math.floor(before / step) then return end
  for k = math.max(math.floor(before / step) + 1, mark - 10), mark do
    fields[#fields + 1] = name .. (k % 11)
    fields[#fields + 1] = id .. string.format(' %.0f', before)
  end
  local oldest = call('HGET', state, name .. ((mark + 1) % 11))
  local first_kept, left_out = string.match(oldest or '', '^(%S+) (%d+)$')
  -- A mark that was made under another retention may lie elsewhere.
  if first_kept and tonumber(left_out) <= last - retention then call('XTRIM', stream, 'MINID', '~', first_kept) end
end

for topic = 1, topics do
  local stream, state = KEYS[2 * topic], KEYS[2 * topic + 1]
  local count, lines, maintain = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 4]
  local latest = tonumber(ARGV[at + 5])
  local stored = call('HMGET', state, 'offset', 'epoch', 'ts', 'bytes')
  local before, epoch = tonumber(stored[1]) or 0, stored[2]
  local last = before + count
  local bytes_before = tonumber(stored[4]) or 0
  local bytes = bytes_before + #lines

  local fields = {'offset', string.format('%.0f', last), 'bytes', string.format('%.0f', bytes)}
  -- An epoch without an offset was given to a subscriber who came before anything was published.
  if before == 0 then
    epoch = epoch or fresh
    maintain = '1'
    -- The first write must be one that a full Redis refuses.
    call('HSET', state, 'epoch', epoch)
    call('DEL', stream)
  end

  if latest > 0 then
    local oldest, newest, stored_ts = tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8]), tonumber(stored[3])
    local first, past = at + 9, at + 5 + latest
    if stored_ts and oldest < stored_ts then keep_newest(state, first, past, fields)
    else for i = first, past do fields[#fields + 1] = ARGV[i] end end
    if not stored_ts or newest > stored_ts then
      fields[#fields + 1] = 'ts'
      fields[#fields + 1] = ARGV[at + 8]
    end
    fields[#fields + 1] = 'seen'
    fields[#fields + 1] = string.format('%.0f', now)
    if maintain == '1' and ARGV[at + 6] ~= '' then call('ZADD', KEYS[1], 0, ARGV[at + 6]) end
  end

  local id = string.format('%.0f-%.0f', now, last)
  local added = redis.pcall('XADD', stream, id, 'd', lines)
  if type(added) == 'table' and added.err then
    if not string.find(added.err, 'equal or smaller', 1, true) then return added end
    -- The clock stepped back: keep the milliseconds of the newest entry.
    local top = call('XINFO', 'STREAM', stream)
    for i = 1, #top, 2 do
      if top[i] == 'last-generated-id' then id = string.match(top[i + 1], '^%d+') .. '-' .. string.format('%.0f', last) end
    end
    call('XADD', stream, id, 'd', lines)
  end

  trim_at_marks(stream, state, fields, 'mark', before, last, ARGV[at + 3], id)
  trim_at_marks(stream, state, fields, 'bytes', bytes_before, bytes, most_bytes, id)

  -- unpack() is bounded by Lua's C stack.
  local fresh_fields = 0
  for i = 1, #fields, 1000 do
    fresh_fields = fresh_fields + call('HSET', state, unpack(fields, i, math.min(i + 999, #fields)))
  end
  if latest > 0 and fresh_fields > 0 then forget_oldest(state) end
  if maintain == '1' then
    call('XTRIM', stream, 'MINID', string.format('%.0f', now - ARGV[at + 2] * 1000))
    call('EXPIRE', stream, ARGV[at + 2] * 2)
    call('EXPIRE', state, ARGV[at + 2] * 2 + ttl)
  end
  call('PUBLISH', string.sub(state, 1, -7), epoch .. ' ' .. id .. ' ' .. count .. '\n' .. lines)

  result[#result + 1] = last
  result[#result + 1] = epoch
  at = at + 6 + latest
end

for i = 1, ids do
  local topic, following = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local last, epoch = result[2 * topic], result[2 * topic + 1]
  call('SET', KEYS[first_id + i], epoch .. '.' .. string.format('%.0f', last - following), 'EX', dedupe)
  at = at + 2
end
for i = 1, entries do
  local index = KEYS[first_id + ids + i]
  call('ZADD', index, string.format('%.0f', now), ARGV[at])
  call('ZREMRANGEBYSCORE', index, '-inf', string.format('%.0f', now - ttl * 1000))
  call('EXPIRE', index, ttl)
  at = at + 1
end
return result
