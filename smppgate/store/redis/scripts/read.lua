-- The first messages of a queue behind one of them, without those that have expired.
-- KEYS: 1 messages
-- ARGV: 1 the number behind which they are, 2 how many, 3 the end of the last
-- Gives: number, message and when it expires in milliseconds, of each

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local after, left = ARGV[1] .. '-0', tonumber(ARGV[2])
local found = {}
while left > 0 do
  local entries = redis.call('XRANGE', KEYS[1], '(' .. after, ARGV[3], 'COUNT', left)
  if #entries == 0 then
    break
  end
  for _, entry in ipairs(entries) do
    local id, fields = entry[1], entry[2]
    after = id
    if tonumber(fields[4]) > now then
      left = left - 1
      found[#found + 1] = string.match(id, '^%d+')
      found[#found + 1] = fields[2]
      found[#found + 1] = fields[4]
    end
  end
end
return found
