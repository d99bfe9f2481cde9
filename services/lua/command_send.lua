-- Puts a command before its device.
--
-- KEYS: the device's waiting commands (sorted set: id -> Unix ms until which it waits), the command (hash).
-- ARGV: id, text, reply channel, how long it waits (ms), how long it is remembered after that (ms), most that wait.
-- Returns 1, or 0 without a write if so many wait already.
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local wait, keep = tonumber(ARGV[4]), tonumber(ARGV[5])
if call('ZCOUNT', KEYS[1], string.format('(%.0f', now), '+inf') >= tonumber(ARGV[6]) then return 0 end
call('HSET', KEYS[2], 'text', ARGV[2], 'reply', ARGV[3], 'until', string.format('%.0f', now + wait),
  'order', clock[1] .. string.format('%06d', clock[2]))
call('PEXPIRE', KEYS[2], wait + keep)
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
call('ZADD', KEYS[1], string.format('%.0f', now + wait), ARGV[1])
-- No shorter than another command of the device waits.
call('PEXPIRE', KEYS[1], math.max(wait, call('PTTL', KEYS[1])))
return 1
