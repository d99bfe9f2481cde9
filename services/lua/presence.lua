-- Who is in a channel: notes one, if there is one; else forgets those who were not renewed, and tells the others.
-- All of it by Redis' clock, so that no gateway's clock matters.
--
-- KEYS: hash client → info, sorted set of clients by when they expire (ms)
-- ARGV: nothing, or for how long the client is there (s), client, info
-- Returns client, info, client, info … unless it noted one.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if #ARGV > 0 then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  redis.call('ZADD', KEYS[2], now + ARGV[1] * 1000, ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[1] * 2)
  redis.call('EXPIRE', KEYS[2], ARGV[1] * 2)
  return {}
end
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1000)
for i = 1, #gone do
  redis.call('HDEL', KEYS[1], gone[i])
  redis.call('ZREM', KEYS[2], gone[i])
end
return redis.call('HGETALL', KEYS[1])
