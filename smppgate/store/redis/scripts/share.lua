-- A node tells what it wishes for of limits, and which parts it has, and gets its new parts.
--
-- KEYS  1 `b:`: since when nodes tell, under "", and the number of the last call of each node
--         for places; behind a \0, that for limits
--       2 `r:`: the limits that other nodes should ask for, by when, in milliseconds
--       3… `r:NAME` of each limit
-- ARGV  1 the node  2 what comes before a node that lives  3 the number of this call, which grows
--       4 for how long nodes have to tell before any is given more, in milliseconds
--       5 for how long KEYS[1] and KEYS[2] stay without a call, in milliseconds
--       6 the time that was given at the last call
--       7 the whole  8 the least part  9 how many nodes may use the least part unasked
--       10… three for each limit: its name; the wish, 0 for not to use it any more; and the part
--       that the node uses now
-- Gives the number of the call of this node before, the time now, and a list of the limits of
-- KEYS[2] since ARGV[6]; then two for each limit: the part, and 1 where that is all that can be
-- had, else 0. Of a call that comes late the first alone; then nothing was done.
--
-- A field of a limit has wish, part, and how many used it when the part was found, 0 if it is not
-- what it should be yet. A part that becomes smaller is noted when the node tells that it uses it.

local node, living, turn = ARGV[1], ARGV[2], tonumber(ARGV[3])
local whole, least, most = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = tonumber(redis.call('HGET', KEYS[1], '\0' .. node) or '0')
if turn <= before then
  return {before}
end
local since = math.min(now, tonumber(redis.call('HGET', KEYS[1], '') or now))
redis.call('HSET', KEYS[1], '', string.format('%.0f', since), '\0' .. node, ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
local has_told = redis.call('EXISTS', living .. node) == 1 and now - since >= tonumber(ARGV[4])

-- What the node has noted of a limit, what the others have that live, and whether one has died.
local function noted(key)
  local mine, others, has_lost = nil, {}, false
  local fields = redis.call('HGETALL', key)
  for each = 1, #fields, 2 do
    local other, value = fields[each], fields[each + 1]
    if other == node then
      mine = value
    elseif redis.call('EXISTS', living .. other) == 1 then
      local wish, part = string.match(value, '^(%d+) (%d+) ')
      others[#others + 1] = {tonumber(wish), tonumber(part)}
    else
      redis.call('HDEL', key, other)
      redis.call('HDEL', KEYS[1], other, '\0' .. other)
      has_lost = true
    end
  end
  return mine, others, has_lost
end

-- The least wishes are fulfilled first, those that remain get the same, the rest goes to all.
local function divided(wish, others)
  local wishes = {wish}
  for _, other in ipairs(others) do
    wishes[#wishes + 1] = other[1]
  end
  table.sort(wishes)
  local count = #wishes
  local left, given = whole - math.max(count, most) * least, nil
  for rank, each in ipairs(wishes) do
    local gets = math.min(each, math.floor(left / (count - rank + 1)))
    left = left - gets
    if each == wish and given == nil then
      given = gets
    end
  end
  return least + given + math.floor(left / count)
end

-- The new part, and what it should be.
local function part_of(wish, part, others, is_other)
  local is_short, free = wish > part, whole - math.max(0, most - #others - 1) * least
  for _, other in ipairs(others) do
    is_short = is_short or other[1] > other[2]
    free = free - other[2]
  end
  if not (is_short or is_other) then
    return part, part
  end
  local due = divided(wish, others)
  local new = math.max(least, math.min(due, free))
  return has_told and new or math.min(new, part), due
end

local function stir(name)
  redis.call('ZADD', KEYS[2], string.format('%.0f', now), name)
end

-- The part that the node has of a limit from now on, and whether it is what it should be.
local function shared(key, name, wish, part)
  local mine, others, has_lost = noted(key)
  if wish == 0 then
    if redis.call('HDEL', key, node) == 1 or has_lost then
      stir(name)
    end
    return least, 1
  end
  local count = #others + 1
  local is_other = mine == nil or tonumber(string.match(mine, ' (%d+)$')) ~= count
  local new, due = part_of(wish, part, others, is_other)
  local is_settled = new == due and new >= part and has_told
  local value = string.format('%.0f %.0f %d', wish, math.max(new, part), is_settled and count or 0)
  if value ~= mine then
    redis.call('HSET', key, node, value)
  end
  if has_lost or (value ~= mine and (new ~= part or due ~= part or mine == nil)) then
    stir(name)
  end
  return new, is_settled and 1 or 0
end

local answer = {before, now, redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[6], '+inf', 'LIMIT', 0, 1000)}
for index = 3, #KEYS do
  local at = 10 + (index - 3) * 3
  local part, is_settled = shared(
    KEYS[index], ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
  answer[#answer + 1] = part
  answer[#answer + 1] = is_settled
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - tonumber(ARGV[5])))
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return answer
