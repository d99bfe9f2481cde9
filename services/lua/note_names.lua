-- Remembers names, all or, if there is no room for one of them, none; then the first such name is returned.
-- KEYS[1] the names (sorted set, by when each was last noted). ARGV: seconds that a name is remembered; how many there
-- may be; the names, each once.
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
local room = tonumber(ARGV[2]) - redis.call('ZCARD', KEYS[1])
for i = 3, #ARGV do
  if not redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    room = room - 1
    if room < 0 then
      return ARGV[i]
    end
  end
end
for i = 3, #ARGV do
  redis.call('ZADD', KEYS[1], now, ARGV[i])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return false
