-- KEYS: revocation; ARGV: at, ttl
raise(KEYS[1], ARGV[1], ARGV[2])
return {'ok'}
