-- Remembers names, all or, if there is no room for one of them, none; then the first such name is returned.
-- KEYS[1] the names (sorted set, by when each was last noted); [2], if there is a bound for who brings them, those that
-- were new when it brought them. ARGV: seconds that a name is remembered; how many there may be; how many of them one
-- may bring; the names, each once.
local now = tonumber(redis.call('TIME')[1])
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - tonumber(ARGV[1]))
end
local names, own = KEYS[1], KEYS[2]
local room = tonumber(ARGV[2]) - redis.call('ZCARD', names)
if own then
  room = math.min(room, tonumber(ARGV[3]) - redis.call('ZCARD', own))
end
local brought = {}
for i = 4, #ARGV do
  if not redis.call('ZSCORE', names, ARGV[i]) then
    room = room - 1
    if room < 0 then
      return ARGV[i]
    end
    brought[i] = true
  end
end
for i = 4, #ARGV do
  redis.call('ZADD', names, now, ARGV[i])
  if own and (brought[i] or redis.call('ZSCORE', own, ARGV[i])) then
    redis.call('ZADD', own, now, ARGV[i])
  end
end
for _, key in ipairs(KEYS) do
  redis.call('EXPIRE', key, ARGV[1])
end
return false
