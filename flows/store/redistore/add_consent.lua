-- KEYS: consent; ARGV: subject, client, scope (tokens with single spaces between), granted (ms),
--       since when there is this client (ms)
local c = redis.call('HMGET', KEYS[1], 'scope', 'granted')
if c[2] and tonumber(c[2]) < tonumber(ARGV[5]) then c = {} end
local scope, granted = c[1] or '', ARGV[4]
for name in string.gmatch(ARGV[3], '[^ ]+') do
  if not string.find(' ' .. scope .. ' ', ' ' .. name .. ' ', 1, true) then
    scope = scope == '' and name or scope .. ' ' .. name
  end
end
if c[2] and tonumber(c[2]) > tonumber(granted) then granted = c[2] end
redis.call('HSET', KEYS[1], 'subject', ARGV[1], 'client', ARGV[2], 'scope', scope, 'granted', granted)
return {'ok'}
