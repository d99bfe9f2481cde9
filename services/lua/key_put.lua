-- Keeps a device key, if nobody changed it meanwhile and there is room; 1 if it did, else 0.
-- KEYS[1] the keys, [2] their version. ARGV: id; what is replaced ('' for a new key); the key; how many there may be.
local found = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if found ~= ARGV[2] then
  return 0
end
if found == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('INCR', KEYS[2])
return 1
