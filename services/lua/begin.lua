-- Gives a topic an epoch before anything is published on it, so that who subscribes now can tell later whether it
-- is still the same topic.
--
-- KEYS: the topic's state
-- ARGV: an epoch for a topic that has none, seconds that it outlives silence
-- Returns the epoch and the offset.
local state = redis.call('HMGET', KEYS[1], 'epoch', 'offset')
if not state[1] then
  state[1] = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {state[1], tonumber(state[2]) or 0}
