-- Takes members whose state has expired off an index; one that was heard again in the meantime stays, one that was
-- only subscribed to does not.
--
-- KEYS: the index, then the state of each member
-- ARGV: the members
for i = 2, #KEYS do
  if redis.call('HEXISTS', KEYS[i], 'seen') == 0 then redis.call('ZREM', KEYS[1], ARGV[i - 1]) end
end
