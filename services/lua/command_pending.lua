-- Ids of the commands that wait for their device, without those that have expired.
--
-- KEYS: the device's waiting commands (sorted set: id -> Unix ms until which it waits).
-- ARGV: most ids.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf', 'LIMIT', 0, ARGV[1])
