-- KEYS: family, revoked grant, code
-- ARGV: presented, client, successor, sealed, now, window, ttl of the revocation if the family ends,
--       scope that was asked for, '' for all
local f = redis.call('HMGET', KEYS[1], 'client', 'expires', 'ended', 'grant', 'current', 'previous', 'sealed', 'rotated')
local client, expires, ended, grant, current, previous, sealed, rotated = unpack(f)

if not client or tonumber(expires) <= tonumber(ARGV[5]) then return {'absent'} end
-- A stranger cannot end somebody's family: this stands before all that follows.
if client ~= ARGV[2] then return {'mismatch'} end
if ended then return {'ended'} end

local function covered()
  if ARGV[8] == '' then return true end
  local granted = {}
  for _, name in ipairs(cjson.decode(grant).scope) do granted[name] = true end
  for name in string.gmatch(ARGV[8], '[^ ]+') do
    if not granted[name] then return false end
  end
  return true
end

-- No presented hash is empty, so a family without a refresh token (current is empty) has none
-- that is right.
if current == ARGV[1] then
  if not covered() then return {'wider'} end
  redis.call('HSET', KEYS[1], 'previous', current, 'current', ARGV[3], 'sealed', ARGV[4], 'rotated', ARGV[5])
  return {'ok', grant, expires} -- the rest is as the caller sent it
end
-- A retry: the answer may have been lost. Once the successor is used, previous is another one.
if previous == ARGV[1] and tonumber(ARGV[5]) - tonumber(rotated) <= tonumber(ARGV[6]) then
  if not covered() then return {'wider'} end
  return {'ok', grant, expires, current, rotated, sealed}
end
end_grant(KEYS[1], KEYS[2], KEYS[3], ARGV[7])
return {'reused', grant, expires, current, rotated or ''}
