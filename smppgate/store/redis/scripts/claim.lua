-- A node asks for the leases of queues, or for others ranks among those that wait.
-- KEYS: of each account: claim, who waits, messages
-- ARGV: 1 the node's name, 2 milliseconds of a lease, 3 what comes before a node's name; then of
--   each account: the token that the node had last, 0 for none, and its rank
-- Gives: of each account: its token or 0 where it waits, messages, messages that ever came, the
--   last number
--
-- The node that comes first is that of the highest rank, and among those the first that asked.

local node, lease = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function is_first(key, rank, turn)
  local waiting = redis.call('HGETALL', key)
  for i = 1, #waiting, 2 do
    local its_rank, its_turn = string.match(waiting[i + 1], '^(%d+) (%d+)$')
    its_rank, its_turn = tonumber(its_rank), tonumber(its_turn)
    if redis.call('EXISTS', ARGV[3] .. waiting[i]) == 0 then
      redis.call('HDEL', key, waiting[i])
    elseif waiting[i] ~= node and (its_rank > rank or its_rank == rank and its_turn < turn) then
      return false
    end
  end
  return true
end

local function wait(claim, waiting, rank)
  local before = redis.call('HGET', waiting, node)
  local turn = before and tonumber(string.match(before, '%d+$'))
    or redis.call('HINCRBY', claim, 'turn', 1)
  redis.call('HSET', waiting, node, string.format('%d %.0f', rank, turn))
  return turn
end

-- The token with which the node has the queue, 0 where it has not.
local function ask(claim, waiting, token, rank)
  local held = redis.call('HMGET', claim, 'holder', 'until', 'token')
  local holder, stored = held[1], tonumber(held[3] or 0)
  local is_mine = holder == node
  if not is_mine then
    local turn = wait(claim, waiting, rank)
    local is_free = not holder or tonumber(held[2]) <= now
    if not is_free or not is_first(waiting, rank, turn) then
      return 0
    end
  end
  if not is_mine or token ~= stored then
    token = math.max(stored, token) + 1
  end
  redis.call('HDEL', waiting, node)
  redis.call('HSET', claim, 'holder', node, 'token', token, 'rank', rank, 'until', now + lease)
  return token
end

-- What needs no memory is written first: a server that is full then lets the rest through.
redis.call('HDEL', KEYS[1], '')
local found = {}
for i = 1, #KEYS / 3 do
  local claim, waiting, messages = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  found[#found + 1] = ask(claim, waiting, tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3]))
  found[#found + 1] = redis.call('XLEN', messages)
  local known = redis.call('HMGET', claim, 'came', 'last')
  found[#found + 1] = tonumber(known[1] or 0)
  found[#found + 1] = tonumber(known[2] or 0)
end
return found
