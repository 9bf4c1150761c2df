-- Messages of a queue that have expired leave it.
-- KEYS: 1 the accounts that have messages, 2 messages, 3 expiries
-- ARGV: 1 the account's name, 2 how many at the most
-- Gives: number, message and when it expired in milliseconds, of each

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
local numbers = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, number in ipairs(numbers) do
  local id = number .. '-0'
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if entry then
    found[#found + 1] = number
    found[#found + 1] = entry[2][2]
    found[#found + 1] = entry[2][4]
  end
  redis.call('XDEL', KEYS[2], id)
  redis.call('ZREM', KEYS[3], number)
end
if redis.call('XLEN', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('SREM', KEYS[1], ARGV[1])
end
return found
