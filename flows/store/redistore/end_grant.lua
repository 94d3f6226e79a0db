-- end_grant ends everything of one grant. All three keys carry the grant's hash tag.
local function end_grant(family, revoked, code, ttl)
  raise(revoked, '0', ttl)
  -- What is left of the family says that it was, until it would have expired.
  if redis.call('EXISTS', family) == 1 then
    redis.call('HSET', family, 'ended', '1')
    redis.call('HDEL', family, 'grant', 'current', 'previous', 'sealed', 'rotated')
  end
  -- A spent code stays, so that its replay is still seen.
  if redis.call('HEXISTS', code, 'spent') == 0 then redis.call('DEL', code) end
end
