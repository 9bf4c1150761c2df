-- Sets return paths unless there is a newer value, then lets some end unless their value is newer.
--
-- KEYS: those of the return paths, then those of the ends.
-- ARGV: how many return paths there are; the value of each and milliseconds until it expires; of
--       each end its stamp and milliseconds until then, at least 1.
--
-- A value begins with its stamp, 6 octets, big-endian. They are compared as numbers: an order of
-- octets depends on the server's locale.

local function stamp_of(octets)
  local a, b, c, d, e, f = string.byte(octets, 1, 6)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end

local function is_older(key, stamp)
  local value = redis.call('GET', key)
  return not value or #value < 6 or stamp_of(value) < stamp
end

local paths = tonumber(ARGV[1])
for place = 1, #KEYS do
  local key, octets, rest = KEYS[place], ARGV[2 * place], ARGV[2 * place + 1]
  if is_older(key, stamp_of(octets)) then
    if place <= paths then
      redis.call('SET', key, octets, 'PX', rest)
    else
      redis.call('PEXPIRE', key, rest, 'LT')
    end
  end
end
