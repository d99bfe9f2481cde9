-- Takes what a device says about a command, once, and tells who waits for it.
--
-- KEYS: the device's waiting commands, the command.
-- ARGV: id, status, answer (JSON; nothing for 'acknowledged'), how long it is remembered (ms), the message to tell.
-- Returns 'taken'; 'unknown' if there is no such command or it has expired; 'answered' if another answer was first.
local call = redis.call
local found = call('HMGET', KEYS[2], 'until', 'status', 'answer', 'reply')
if not found[1] then return 'unknown' end
local said = found[2]
if said == 'done' or said == 'failed' then
  if ARGV[2] == 'acknowledged' or (said == ARGV[2] and found[3] == ARGV[3]) then return 'taken' end
  return 'answered'
end
local clock = call('TIME')
if clock[1] * 1000 + math.floor(clock[2] / 1000) >= tonumber(found[1]) then return 'unknown' end
call('HSET', KEYS[2], 'status', ARGV[2], 'answer', ARGV[3])
call('ZREM', KEYS[1], ARGV[1])
if ARGV[2] ~= 'acknowledged' then
  call('PEXPIRE', KEYS[2], math.max(tonumber(ARGV[4]), call('PTTL', KEYS[2])))
  call('PUBLISH', found[4], ARGV[5])
end
return 'taken'
