-- Appends one commit: a batch of publications to each of several topics, all or nothing.
--
-- KEYS: the devices index, then stream and state of each topic, then one key per remembered id, then one per
--       remembered request, then one sorted set (by the time of the last upkeep) per index entry.
-- ARGV: what is said of all of them, as one MessagePack array (each argument costs Redis an object and both sides
--       its parsing; the benchmark 'intake' shows it), then of each topic its lines, joined by \n.
-- said: topics, ids, index entries, topic ttl (s), dedupe (s), epoch for topics that are new,
--   most metrics per device, retention (bytes), requests, then
--   per topic:       publications, retention (s), retention (publications), maintain (boolean),
--                    number of latest arguments, then those: device (or nothing), oldest ts,
--                    newest ts, and field, value pairs, each value a JSON array that opens with its ts;
--   per id:          number of its topic (1 …), how many lines follow its own in that batch;
--   per request:     its fingerprint, and an array with two elements for each of its entries: those of an id, the
--                    number negative for a duplicate; or 0 and the entry's text as it is remembered (services/once.py);
--   per index entry: member.
-- Returns {0, n, text, n, text …} without a write when ids 'n' are known already, by their positions, or requests, by
--   what is remembered of them (they are numbered on behind the ids);
--   otherwise {ms, last offset, epoch, last offset, epoch …} in the order of the topics.
--
-- All checks come before the first write, and Redis refuses a script for want of memory or disk
-- only before its first write; so a commit is never half stored.
--
-- A command from here costs Redis some 2 us, a number as text 0.3: per topic there are four and three (the benchmark
-- 'intake' shows both). Concatenated numbers are exact below 10^14; all of ours are, milliseconds included.
local call, floor = redis.call, math.floor
local said = cmsgpack.unpack(ARGV[1])
local topics, ids, entries = said[1], said[2], said[3]
local ttl, dedupe, fresh, metrics, most_bytes, requests = said[4], said[5], said[6], said[7], said[8], said[9]
local first_id = 1 + 2 * topics

if ids + requests > 0 then
  local known = {0}
  for from = 1, ids + requests, 1000 do
    local to = math.min(from + 999, ids + requests)
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
local now = clock[1] * 1000 + floor(clock[2] / 1000)
local now_text = '' .. now
local result = {now}
local at = 10

-- Newest wins per field; only reached when the batch holds something older than what is stored.
local function keep_newest(state, first, past, fields)
  for i = first, past, 2 do
    local old = call('HGET', state, said[i])
    local old_ts = old and tonumber(string.match(old, '^%[(%d+)'))
    if not old_ts or tonumber(string.match(said[i + 1], '^%[(%d+)')) >= old_ts then
      fields[#fields + 1] = said[i]
      fields[#fields + 1] = said[i + 1]
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
-- Only reached when `last` is past one that `before` was not.
local function trim_at_marks(stream, state, fields, name, before, last, retention, id)
  local step = floor(retention / 10)
  local mark = floor(last / step)
  for k = math.max(floor(before / step) + 1, mark - 10), mark do
    fields[#fields + 1] = name .. (k % 11)
    fields[#fields + 1] = id .. ' ' .. before
  end
  local oldest = call('HGET', state, name .. ((mark + 1) % 11))
  local first_kept, left_out = string.match(oldest or '', '^(%S+) (%d+)$')
  -- A mark that was made under another retention may lie elsewhere.
  if first_kept and tonumber(left_out) <= last - retention then call('XTRIM', stream, 'MINID', '~', first_kept) end
end

local sub = string.sub
local few = {'1', '2', '3', '4', '5', '6', '7', '8', '9'}
local bytes_step = floor(most_bytes / 10)
for topic = 1, topics do
  local stream, state, lines = KEYS[2 * topic], KEYS[2 * topic + 1], ARGV[1 + topic]
  local count, keep_s, keep, maintain, latest = said[at], said[at + 1], said[at + 2], said[at + 3], said[at + 4]
  local stored = call('HMGET', state, 'offset', 'epoch', 'bytes', 'ts')
  local before, epoch = tonumber(stored[1]) or 0, stored[2]
  local last = before + count
  local last_text = '' .. last
  local bytes_before = tonumber(stored[3]) or 0
  local bytes = bytes_before + #lines

  local fields = {'offset', last_text, 'bytes', '' .. bytes}
  -- An epoch without an offset was given to a subscriber who came before anything was published.
  if before == 0 then
    epoch = epoch or fresh
    maintain = true
    -- The first write must be one that a full Redis refuses.
    call('HSET', state, 'epoch', epoch)
    call('DEL', stream)
  end

  if latest > 0 then
    local device, oldest, newest, stored_ts = said[at + 5], said[at + 6], said[at + 7], tonumber(stored[4])
    local first, past = at + 8, at + 4 + latest
    fields[5], fields[6] = 'seen', now_text
    if not stored_ts or newest > stored_ts then fields[7], fields[8] = 'ts', '' .. newest end
    if stored_ts and oldest < stored_ts then keep_newest(state, first, past, fields)
    else
      local n = #fields - first + 1
      for i = first, past do fields[n + i] = said[i] end
    end
    if maintain and device ~= '' then call('ZADD', KEYS[1], 0, device) end
  end

  local id = now_text .. '-' .. last_text
  local added = redis.pcall('XADD', stream, id, 'd', lines)
  if type(added) == 'table' and added.err then
    if not string.find(added.err, 'equal or smaller', 1, true) then return added end
    -- The clock stepped back: keep the milliseconds of the newest entry.
    local top = call('XINFO', 'STREAM', stream)
    for i = 1, #top, 2 do
      if top[i] == 'last-generated-id' then id = string.match(top[i + 1], '^%d+') .. '-' .. last_text end
    end
    call('XADD', stream, id, 'd', lines)
  end

  local step = floor(keep / 10)
  if floor(last / step) > floor(before / step) then
    trim_at_marks(stream, state, fields, 'mark', before, last, keep, id)
  end
  if floor(bytes / bytes_step) > floor(bytes_before / bytes_step) then
    trim_at_marks(stream, state, fields, 'bytes', bytes_before, bytes, most_bytes, id)
  end

  -- unpack() is bounded by Lua's C stack.
  local fresh_fields = 0
  for i = 1, #fields, 1000 do
    fresh_fields = fresh_fields + call('HSET', state, unpack(fields, i, math.min(i + 999, #fields)))
  end
  if latest > 0 and fresh_fields > 0 then forget_oldest(state) end
  if maintain then
    call('XTRIM', stream, 'MINID', '' .. (now - keep_s * 1000))
    call('EXPIRE', stream, keep_s * 2)
    call('EXPIRE', state, keep_s * 2 + ttl)
  end
  call('PUBLISH', sub(state, 1, -7), epoch .. ' ' .. id .. ' ' .. (few[count] or count) .. '\n' .. lines)

  result[2 * topic] = last
  result[2 * topic + 1] = epoch
  at = at + 5 + latest
end

for i = 1, ids do
  local topic, following = said[at], said[at + 1]
  local last, epoch = result[2 * topic], result[2 * topic + 1]
  call('SET', KEYS[first_id + i], epoch .. '.' .. (last - following), 'EX', dedupe)
  at = at + 2
end
for i = 1, requests do
  local words, places = {said[at]}, said[at + 1]
  for j = 1, #places, 2 do
    local topic, following = math.abs(places[j]), places[j + 1]
    local place = following
    if topic > 0 then
      place = result[2 * topic + 1] .. '.' .. (result[2 * topic] - following) .. (places[j] < 0 and 'd' or '')
    end
    words[#words + 1] = place
  end
  call('SET', KEYS[first_id + ids + i], table.concat(words, ' '), 'EX', dedupe)
  at = at + 2
end
for i = 1, entries do
  local index = KEYS[first_id + ids + requests + i]
  call('ZADD', index, now_text, said[at])
  call('ZREMRANGEBYSCORE', index, '-inf', '' .. (now - ttl * 1000))
  call('EXPIRE', index, ttl)
  at = at + 1
end
return result
