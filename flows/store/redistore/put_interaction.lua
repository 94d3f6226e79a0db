-- KEYS: interaction; ARGV: data, ttl. An outcome that is there stays: there is only ever one.
if tonumber(ARGV[2]) <= 0 then
  redis.call('DEL', KEYS[1])
  return {'ok'}
end
redis.call('HSET', KEYS[1], 'data', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'ok'}
