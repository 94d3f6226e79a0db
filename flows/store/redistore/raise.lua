-- raise stores a revocation: at is a cut-off in ms ("0" where being there says it all), ttl how
-- long to remember it. Both only ever grow, so that no later call takes back what an earlier
-- one promised.
local function raise(key, at, ttl)
  local old = redis.call('GET', key)
  if old and tonumber(old) > tonumber(at) then at = old end
  ttl = math.max(tonumber(ttl), redis.call('PTTL', key))
  if ttl > 0 then redis.call('SET', key, at, 'PX', ttl) end
end
