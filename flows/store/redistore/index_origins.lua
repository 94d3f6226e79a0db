-- KEYS: origins; ARGV: client id, when it was created in ms, version, origin...
-- Notes what a client has registered, unless something later is noted of it.
local index = cjson.decode(redis.call('GET', KEYS[1]) or '{}')
local id, created, version = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local noted = index[id]
if noted and (noted.created > created or noted.created == created and noted.version >= version) then return {'ok'} end
if not noted and not ARGV[4] then return {'ok'} end
index[id] = nil
if ARGV[4] then
  index[id] = {created = created, version = version, origins = {unpack(ARGV, 4)}}
end
if next(index) then redis.call('SET', KEYS[1], cjson.encode(index)) else redis.call('DEL', KEYS[1]) end
return {'ok'}
