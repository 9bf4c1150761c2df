-- A node ends: its places are free at once, and no queue waits for it.
-- KEYS: 1 the node

return redis.call('DEL', KEYS[1])
