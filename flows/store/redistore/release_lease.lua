-- KEYS: lease; ARGV: owner. Somebody else's lease is left alone.
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'ok'}
