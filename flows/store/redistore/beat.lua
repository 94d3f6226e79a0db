-- KEYS: beat; ARGV: ttl, the beat that was read. Of nodes that come at once one raises it.
local at = redis.call('GET', KEYS[1]) or '0'
if at ~= ARGV[2] then return {'ok', at} end
local beat = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', tostring(beat)}
