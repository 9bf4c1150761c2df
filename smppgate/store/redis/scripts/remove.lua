-- Messages that a node is done with leave their queues, unless another has had the lease since.
-- KEYS: 1 the accounts that have messages; then of each account: messages, expiries, claim
-- ARGV: 1 the node's name; then of each account: its name, the token of the lease under which they
--   were read, 0 where there was none, how many, and their numbers
-- Gives: of each account how many are gone, -1 where the lease is another's

local node = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function may_remove(key, token)
  local claim = redis.call('HMGET', key, 'holder', 'until', 'token')
  local stored = tonumber(claim[3] or 0)
  if claim[1] and tonumber(claim[2]) > now then
    return claim[1] == node and stored == token
  end
  return token == 0 or token >= stored
end

local found, at, key = {}, 2, 2
while at <= #ARGV do
  local account, token, count = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local messages, expiries, claim = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local gone = -1
  if may_remove(claim, token) then
    gone = 0
    for i = at + 3, at + 2 + count do
      gone = gone + redis.call('XDEL', messages, ARGV[i] .. '-0')
      redis.call('ZREM', expiries, ARGV[i])
    end
    if redis.call('XLEN', messages) == 0 then
      redis.call('DEL', messages)
      redis.call('SREM', KEYS[1], account)
    end
  end
  found[#found + 1] = gone
  at, key = at + 3 + count, key + 3
end
return found
