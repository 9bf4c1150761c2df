-- A node lets queues go, and waits for them no longer.
-- KEYS: of each account: claim, who waits
-- ARGV: 1 the node's name; then of each account the token of its lease, 0 for none

local node = ARGV[1]
for i = 1, #KEYS / 2 do
  local claim, waiting = KEYS[2 * i - 1], KEYS[2 * i]
  local held = redis.call('HMGET', claim, 'holder', 'token')
  if held[1] == node and tonumber(held[2]) == tonumber(ARGV[i + 1]) then
    redis.call('HDEL', claim, 'holder', 'rank', 'until')
    -- What was sent under the lease, and comes late, does nothing.
    redis.call('HINCRBY', claim, 'token', 1)
  end
  redis.call('HDEL', waiting, node)
end
return 0
