-- Reserves numbers that were never given out.
--
-- KEYS  1 `numbers`, the last that was given out
-- ARGV  1 how many  2 the last that the node knows of
-- Gives the first of them. Where those given out were lost, they go on from the milliseconds
-- since 1970: so many cannot have been given out.

local last = redis.call('GET', KEYS[1])
if not last or tonumber(last) < tonumber(ARGV[2]) then
  local time = redis.call('TIME')
  local leap = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  leap = math.max(leap, tonumber(last or '0'), tonumber(ARGV[2]))
  redis.call('SET', KEYS[1], string.format('%.0f', leap))
end
return redis.call('INCRBY', KEYS[1], ARGV[1]) - tonumber(ARGV[1]) + 1
