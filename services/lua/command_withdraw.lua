-- What became of a command; unless it was answered, its device gets it no more and can no longer answer.
--
-- KEYS: the device's waiting commands, the command.
-- ARGV: id.
-- Returns {status, answer}, nil where there is none.
local call = redis.call
local found = call('HMGET', KEYS[2], 'status', 'answer')
call('ZREM', KEYS[1], ARGV[1])
if found[1] ~= 'done' and found[1] ~= 'failed' then call('DEL', KEYS[2]) end
return found
