-- How many messages there are, without those that have expired.
-- KEYS: 1 the accounts that have messages
-- ARGV: 1, 2 what comes before the account of messages and of their expiries
-- Gives: of each account that has any: its name, how many, when the last expires in milliseconds

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
for _, account in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local expiries = ARGV[2] .. account
  local count = redis.call('XLEN', ARGV[1] .. account) - redis.call('ZCOUNT', expiries, '-inf', now)
  if count > 0 then
    found[#found + 1] = account
    found[#found + 1] = count
    found[#found + 1] = redis.call('ZRANGE', expiries, -1, -1, 'WITHSCORES')[2]
  end
end
return found
