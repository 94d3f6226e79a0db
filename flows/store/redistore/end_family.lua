-- KEYS: family, revoked grant, code; ARGV: owner or '', ttl of the revocation
local f = redis.call('HMGET', KEYS[1], 'client', 'expires', 'ended', 'grant', 'current', 'rotated')
local client, expires, ended, grant, current, rotated = unpack(f)
if not client then return {'absent'} end
if ARGV[1] ~= '' and ARGV[1] ~= client then return {'mismatch'} end
-- Also where it was ended before: whoever asks again may not know that, and replicas may lack it.
end_grant(KEYS[1], KEYS[2], KEYS[3], ARGV[2])
if ended then return {'ended'} end
return {'ok', grant, expires, current, rotated or ''}
