-- Remembers names, by groups: each group is let in whole, or not at all if there is no room for one of its names.
-- KEYS[1] the names (sorted set, by when each was last noted); [2], if there is a bound for who brings them, those that
-- were new when it brought them. ARGV: seconds that a name is remembered; how many there may be; how many of them one
-- may bring; 1 if one group that is not let in keeps all others out, else 0; per group: how many names, and the names,
-- each once. Returns, for each group that there was no room for, its number (from 0) and the first such name.
local now = tonumber(redis.call('TIME')[1])
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - tonumber(ARGV[1]))
end
local names, own = KEYS[1], KEYS[2]
local room = tonumber(ARGV[2]) - redis.call('ZCARD', names)
if own then
  room = math.min(room, tonumber(ARGV[3]) - redis.call('ZCARD', own))
end
local all, number, at = ARGV[4] == '1', 0, 5
local brought, let_in, refused = {}, {}, {}
while ARGV[at] do
  local last = at + tonumber(ARGV[at])
  local new, over = {}, nil
  for i = at + 1, last do
    if not brought[ARGV[i]] and not redis.call('ZSCORE', names, ARGV[i]) then
      if #new >= room then
        over = ARGV[i]
        break
      end
      new[#new + 1] = ARGV[i]
    end
  end
  if over then
    refused[#refused + 1] = number
    refused[#refused + 1] = over
  else
    room = room - #new
    for _, name in ipairs(new) do
      brought[name] = true
    end
    for i = at + 1, last do
      let_in[#let_in + 1] = ARGV[i]
    end
  end
  number, at = number + 1, last + 1
end
if all and #refused > 0 then
  return refused
end
for _, name in ipairs(let_in) do
  redis.call('ZADD', names, now, name)
  if own and (brought[name] or redis.call('ZSCORE', own, name)) then
    redis.call('ZADD', own, now, name)
  end
end
for _, key in ipairs(KEYS) do
  redis.call('EXPIRE', key, ARGV[1])
end
return refused
