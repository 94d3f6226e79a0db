-- KEYS: code, revoked grant, family
-- ARGV: hash, client, redirect, challenge, now, misses allowed, how long to keep a spent code,
--       first refresh token, end of the family where the code names none
local c = redis.call('HMGET', KEYS[1], 'hash', 'grant', 'client', 'redirect', 'challenge', 'refreshable', 'expires', 'until', 'spent')
local hash, grant, client, redirect, challenge, refreshable, expires, ends, spent = unpack(c)
local now = tonumber(ARGV[5])
ends = ends or ARGV[9]

if hash ~= ARGV[1] then return {'absent'} end
if not spent then
  if tonumber(expires) <= now then return {'absent'} end
  if redis.call('EXISTS', KEYS[2]) == 1 then return {'absent'} end
end
-- A stranger learns nothing and spends nothing: this stands before all that follows.
if client ~= ARGV[2] then return {'mismatch'} end
local code = {grant, redirect, challenge, refreshable, expires, ends}
if spent then return {'spent', unpack(code)} end
if redirect ~= ARGV[3] then return {'mismatch'} end

local right = challenge == ARGV[4]
if not right and redis.call('HINCRBY', KEYS[1], 'misses', 1) < tonumber(ARGV[6]) then
  return {'mismatch'}
end
redis.call('HSET', KEYS[1], 'spent', '1')
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[7]) then redis.call('PEXPIRE', KEYS[1], ARGV[7]) end
if not right then return {'mismatch'} end

-- The family begins in the same step: a loser of the race, who ends the grant, finds it.
local current = ARGV[8]
if refreshable ~= '1' then current = '' end
local ttl = tonumber(ends) - now
if ttl > 0 then
  redis.call('HSET', KEYS[3], 'grant', grant, 'client', client, 'current', current, 'expires', ends)
  redis.call('PEXPIRE', KEYS[3], ttl)
end
return {'ok', unpack(code)}
