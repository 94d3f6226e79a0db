-- KEYS: record, "<version> <json>"; ARGV: the version it must have, the new record
local old = redis.call('GET', KEYS[1])
if not old then return {'absent'} end
if string.match(old, '^%d+') ~= ARGV[1] then return {'version'} end
redis.call('SET', KEYS[1], ARGV[2])
return {'ok'}
