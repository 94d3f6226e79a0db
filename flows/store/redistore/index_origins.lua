-- KEYS: origins by client, what changes with them, all of them as earlier versions kept them
-- ARGV: a random word, how long that last is kept in ms, client id, when it was created in ms, version, origin...
-- Notes what a client has registered, unless something later is noted of it.
local function note(id, created, version, origins)
  local noted = redis.call('HGET', KEYS[1], id)
  if not noted and not origins[1] then return false end
  if noted then
    noted = cjson.decode(noted)
    if noted.created > created or noted.created == created and noted.version >= version then return false end
  end
  if not origins[1] then
    redis.call('HDEL', KEYS[1], id)
  else
    redis.call('HSET', KEYS[1], id, cjson.encode({created = created, version = version, origins = origins}))
  end
  return true
end
local changed = false
if redis.call('PTTL', KEYS[3]) == -1 then -- taken over once, and again when a node of that version has written it
  for id, c in pairs(cjson.decode(redis.call('GET', KEYS[3]))) do note(id, c.created, c.version, c.origins) end
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
  changed = true
end
changed = note(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), {unpack(ARGV, 6)}) or changed
if not changed then return {'ok'} end
if redis.call('EXISTS', KEYS[1], KEYS[3]) > 0 then redis.call('SET', KEYS[2], ARGV[1]) else redis.call('DEL', KEYS[2]) end
return {'ok'}
