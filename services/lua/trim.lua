-- Trims streams by time, for a Redis that is full and so refuses the appends that would trim them.
--
-- KEYS: streams
-- ARGV: the retention of each (s)
-- Returns how many entries are gone.
local clock = redis.call('TIME')
local now, gone = clock[1] * 1000 + math.floor(clock[2] / 1000), 0
for i = 1, #KEYS do
  local oldest = now - ARGV[i] * 1000
  gone = gone + redis.call('XTRIM', KEYS[i], 'MINID', string.format('%.0f', oldest))
end
return gone
