-- KEYS: listing of families; ARGV: expires, grant, now, ttl
-- Members score by when they expire; a few of those that have are dropped with every new one,
-- and the listing itself goes with its last member.
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[3], 'LIMIT', 0, 16)) do
  redis.call('ZREM', KEYS[1], gone)
end
if tonumber(ARGV[4]) <= 0 then return {'ok'} end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return {'ok'}
