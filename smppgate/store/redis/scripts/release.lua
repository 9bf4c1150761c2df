-- A node lets a queue go, and waits for it no longer.
-- KEYS: 1 claim, 2 who waits
-- ARGV: 1 the node's name, 2 the token of its lease, 0 for none

local node = ARGV[1]
local held = redis.call('HMGET', KEYS[1], 'holder', 'token')
if held[1] == node and tonumber(held[2]) == tonumber(ARGV[2]) then
  redis.call('HDEL', KEYS[1], 'holder', 'rank', 'until')
  -- What was sent under the lease, and comes late, does nothing.
  redis.call('HINCRBY', KEYS[1], 'token', 1)
end
redis.call('HDEL', KEYS[2], node)
return 0
