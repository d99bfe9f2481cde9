-- Somebody is interested in some places for a while; who is no more is forgotten, as both sets are after a day without
-- any interest. All of it by Redis' clock, so that no gateway's or poller's clock matters.
--
-- KEYS: sorted set of places by until when (ms), sorted set of place and who by until when, then the key of each place
-- ARGV: for how long (s), who, for how long what is known is kept (s), then each place
-- Returns for each place whether it is known.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local till = now + ARGV[1] * 1000
local known = {}
for i = 1, #ARGV - 3 do
  redis.call('ZADD', KEYS[1], 'GT', till, ARGV[i + 3])
  redis.call('ZADD', KEYS[2], 'GT', till, ARGV[i + 3] .. ' ' .. ARGV[2])
  known[i] = redis.call('EXPIRE', KEYS[i + 2], ARGV[3])
end
for i = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  redis.call('EXPIRE', KEYS[i], math.max(ARGV[1], ARGV[3]))
end
return known
