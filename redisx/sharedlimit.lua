-- KEYS: allowances; ARGV: for each, what was spent of it, in ms. The TTL of a key is how long until its
-- allowance is full again, so that nothing else is stored, and what is full is not there.
local ahead = {}
for i, key in ipairs(KEYS) do
  ahead[i] = math.max(redis.call('PTTL', key), 0) + ARGV[i]
  if ahead[i] > 0 then redis.call('SET', key, '', 'PX', ahead[i]) end
end
return ahead
