-- KEYS: family, revoked grant, code; ARGV: ttl
end_grant(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
return {'ok'}
