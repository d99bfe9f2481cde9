-- Remembers a revocation and announces it. One that reaches further, or lasts longer, is not taken back.
-- KEYS[1] the revocation. ARGV: up to which moment of issue; until when it is remembered (Unix seconds, '' for ever);
-- channel; announcement.
local moment, expires = ARGV[1], ARGV[2]
local known = redis.call('GET', KEYS[1])
if known then
  if tonumber(known) > tonumber(moment) then
    moment = known
  end
  local left_ms = redis.call('PTTL', KEYS[1])
  local now = tonumber(redis.call('TIME')[1])
  if left_ms == -1 or (expires ~= '' and now + left_ms / 1000 > tonumber(expires)) then
    expires = 'as it was'
  end
end
if expires == 'as it was' then
  redis.call('SET', KEYS[1], moment, 'KEEPTTL')
elseif expires == '' then
  redis.call('SET', KEYS[1], moment)
else
  redis.call('SET', KEYS[1], moment, 'EXAT', expires)
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
