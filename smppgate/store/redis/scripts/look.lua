-- A node says that it lives, renews its leases, and learns what there is.
-- KEYS: 1 the node, 2 the accounts that have messages, 3 the accounts that are full
-- ARGV: 1 the node's name, 2 milliseconds that it lives, and that a lease lasts, 3 since when to tell
--   of full accounts, 0 for none; 4 where to go on with the queues, 0 for at the first, 5 of about
--   how many to tell; 6 to 10 what comes before a node and before the account of a claim, of who
--   waits, of messages and of their expiries; then account, token and rank of each lease
-- Gives: whether the node was known; now, in milliseconds; the accounts that are full; of each lease
--   0 lost, 1 had, 2 had and wanted by another; where to go on, 0 behind the last queue; and of each
--   queue: account, messages, messages that ever came, the last number, whose it is (0 nobody's, 1
--   the node's, 2 another's), the token, milliseconds until that ends, the rank with which the node
--   waits or -1, whether any has expired
--
-- A queue that has messages from the first of these looks to the last is told of in one of them.

local node, lease = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- What needs no memory is written first: a server that is full then lets the rest through.
local known = redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], '', 'PX', lease)

-- Whether a node that lives waits with a rank above this one.
local function is_wanted(account, rank)
  local key = ARGV[8] .. account
  local waiting = redis.call('HGETALL', key)
  for i = 1, #waiting, 2 do
    if redis.call('EXISTS', ARGV[6] .. waiting[i]) == 0 then
      redis.call('HDEL', key, waiting[i])
    elseif waiting[i] ~= node and tonumber(string.match(waiting[i + 1], '^%d+')) > rank then
      return true
    end
  end
  return false
end

-- A failover may have lost the lease: the node has it again where no other has had it since.
local function renew(account, token, rank)
  local key = ARGV[7] .. account
  local claim = redis.call('HMGET', key, 'holder', 'until', 'token')
  local holder, stored = claim[1], tonumber(claim[3] or 0)
  local is_mine = holder == node and stored == token
  local is_free = not holder or holder == node or tonumber(claim[2]) <= now
  if not is_mine and not (is_free and token >= stored) then
    return 0
  end
  redis.call('HSET', key, 'holder', node, 'token', token, 'rank', rank, 'until', now + lease)
  return is_wanted(account, rank) and 2 or 1
end

local leases = {}
for i = 11, #ARGV, 3 do
  leases[#leases + 1] = renew(ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]))
end

local names = redis.call('SSCAN', KEYS[2], ARGV[4], 'COUNT', ARGV[5])
local queues = {}
for _, account in ipairs(names[2]) do
  local claim = redis.call('HMGET', ARGV[7] .. account, 'holder', 'until', 'token', 'came', 'last')
  local rest = claim[1] and tonumber(claim[2]) - now or 0
  local whose = rest > 0 and (claim[1] == node and 1 or 2) or 0
  local rank = redis.call('HGET', ARGV[8] .. account, node)
  queues[#queues + 1] = {
    account,
    redis.call('XLEN', ARGV[9] .. account),
    tonumber(claim[4] or 0),
    tonumber(claim[5] or 0),
    whose,
    tonumber(claim[3] or 0),
    rest,
    rank and tonumber(string.match(rank, '^%d+')) or -1,
    redis.call('ZCOUNT', ARGV[10] .. account, '-inf', now),
  }
end

local full, since = {}, tonumber(ARGV[3])
if since > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 10000)
  full = redis.call('ZRANGEBYSCORE', KEYS[3], since, '+inf')
end
return {known, now, full, leases, names[1], queues}
