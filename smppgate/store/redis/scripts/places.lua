-- A node tells how many places it has, and asks for more.
--
-- KEYS  1 `b:`: since when nodes tell, under "", and the number of the last call of each node
--       2 `full`
--       3… `b:NAME` of each name
-- ARGV  1 the node  2 what comes before a node that lives  3 the number of this call, which grows
--       4 for how long nodes have to tell before any is given more, in milliseconds
--       5 for how long KEYS[1] stays without a call, in milliseconds
--       6 for how long `full` is of use, in milliseconds
--       7… four for each name: the account, "" where it is none; the places that the node has;
--       how many more it wants; how many there are in all
-- Gives the number of the call of this node before, and how many more of each name it has: -1
-- where it has to ask again, as not all nodes have told yet. Of a call that comes late the first
-- alone; then nothing was done.

local node, living, turn = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = tonumber(redis.call('HGET', KEYS[1], node) or '0')
if turn <= before then
  return {before}
end
local since = math.min(now, tonumber(redis.call('HGET', KEYS[1], '') or now))
redis.call('HSET', KEYS[1], '', string.format('%.0f', since), node, ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
local has_told = redis.call('EXISTS', living .. node) == 1 and now - since >= tonumber(ARGV[4])

-- Of a node that lives no longer no call is remembered.
local function lives(other)
  if redis.call('EXISTS', living .. other) == 1 then
    return true
  end
  redis.call('HDEL', KEYS[1], other, '\0' .. other)
  return false
end

local function others_have(key)
  local count = 0
  local fields = redis.call('HGETALL', key)
  for each = 1, #fields, 2 do
    local other = fields[each]
    if other ~= node then
      if lives(other) then
        count = count + tonumber(fields[each + 1])
      else
        redis.call('HDEL', key, other)
      end
    end
  end
  return count
end

-- Those that had no places go when a node comes: nothing else leads to them.
if before == 0 then
  local fields = redis.call('HGETALL', KEYS[1])
  for each = 1, #fields, 2 do
    local other = string.match(fields[each], '[^%z]+')
    if other and other ~= node then
      lives(other)
    end
  end
end

local function note_full(account)
  redis.call('ZADD', KEYS[2], string.format('%.0f', now), account)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - tonumber(ARGV[6])))
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end

local answer = {before}
for index = 3, #KEYS do
  local at = 7 + (index - 3) * 4
  local held, wanted, limit = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local got = 0
  if wanted > 0 and has_told then
    got = math.max(0, math.min(wanted, limit - held - others_have(KEYS[index])))
    if got < wanted and ARGV[at] ~= '' then
      note_full(ARGV[at])
    end
  end
  if held + got > 0 then
    redis.call('HSET', KEYS[index], node, string.format('%.0f', held + got))
  else
    redis.call('HDEL', KEYS[index], node)
  end
  answer[#answer + 1] = (wanted > 0 and not has_told) and -1 or got
end
return answer
