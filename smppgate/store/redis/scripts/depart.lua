-- A node ends: what it has and waits for is free at once.
-- KEYS: 1 the node

return redis.call('DEL', KEYS[1])
