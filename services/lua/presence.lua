-- Who is in a channel: forgets those who were not renewed, then tells the others.
--
-- KEYS: hash client → info, sorted set of clients by when they expire (ms)
-- ARGV: none
-- Returns client, info, client, info …
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1000)
for i = 1, #gone do
  redis.call('HDEL', KEYS[1], gone[i])
  redis.call('ZREM', KEYS[2], gone[i])
end
return redis.call('HGETALL', KEYS[1])
