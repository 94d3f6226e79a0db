-- KEYS: username; ARGV: subject. Makes a claim last, if it is still ours.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'exists'} end
redis.call('PERSIST', KEYS[1])
return {'ok'}
