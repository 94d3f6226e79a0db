-- KEYS: beat; ARGV: ttl
local beat = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', tostring(beat)}
