-- Messages go into the queues of their accounts, as far as these have room.
-- KEYS: 1 the accounts that have messages; then of each account: messages, expiries, claim
-- ARGV: 1 how many accounts, then their names; then of each message: which account, how many
--   messages that may have, when it expires in milliseconds, the message
-- Gives: a digit for each message, 1 where it is stored; then of each account: how many of these
--   are, how many it has, how many ever came, the last number
--
-- A number is the microsecond, or the one after the last: a failover that loses messages of which
-- nobody was told does not give their numbers to others.

local accounts = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local queues = {}
for i = 1, accounts do
  local claim = redis.call('HMGET', KEYS[3 * i + 1], 'last', 'came')
  queues[i] = {
    stored = 0,
    count = redis.call('XLEN', KEYS[3 * i - 1]),
    last = tonumber(claim[1] or 0),
    came = tonumber(claim[2] or 0),
  }
end

local outcomes = {}
for i = accounts + 2, #ARGV, 4 do
  local at = tonumber(ARGV[i])
  local queue = queues[at]
  local has_room = queue.count < tonumber(ARGV[i + 1])
  if has_room then
    queue.last = math.max(queue.last + 1, now)
    local number = string.format('%.0f', queue.last)
    redis.call('XADD', KEYS[3 * at - 1], number .. '-0', 'm', ARGV[i + 3], 'x', ARGV[i + 2])
    redis.call('ZADD', KEYS[3 * at], ARGV[i + 2], number)
    queue.stored, queue.count, queue.came = queue.stored + 1, queue.count + 1, queue.came + 1
  end
  outcomes[#outcomes + 1] = has_room and '1' or '0'
end

local found = {table.concat(outcomes)}
for i, queue in ipairs(queues) do
  if queue.stored > 0 then
    redis.call('HSET', KEYS[3 * i + 1], 'last', queue.last, 'came', queue.came)
    redis.call('SADD', KEYS[1], ARGV[i + 1])
  end
  found[#found + 1] = queue.stored
  found[#found + 1] = queue.count
  found[#found + 1] = queue.came
  found[#found + 1] = queue.last
end
return found
