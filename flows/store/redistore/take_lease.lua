-- KEYS: lease, fence; ARGV: owner, ttl, how long to remember the fence
local l = redis.call('HMGET', KEYS[1], 'owner', 'fence')
local owner, fence = l[1], l[2]
if owner and owner ~= ARGV[1] then return {'held'} end
if not owner then
  fence = tostring(redis.call('INCR', KEYS[2]))
  redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', fence)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {'ok', fence}
