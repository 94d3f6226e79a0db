-- KEYS: code; ARGV: hash, grant, client, redirect, challenge, refreshable, expires, until, ttl
if tonumber(ARGV[9]) <= 0 then
  redis.call('DEL', KEYS[1])
  return {'ok'}
end
redis.call('HSET', KEYS[1], 'hash', ARGV[1], 'grant', ARGV[2], 'client', ARGV[3], 'redirect', ARGV[4],
  'challenge', ARGV[5], 'refreshable', ARGV[6], 'expires', ARGV[7], 'until', ARGV[8])
redis.call('HDEL', KEYS[1], 'misses', 'spent')
redis.call('PEXPIRE', KEYS[1], ARGV[9])
return {'ok'}
