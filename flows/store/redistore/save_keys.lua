-- KEYS: key set; ARGV: epoch, version, keys, the epoch that this one replaces or ''
local k = redis.call('HMGET', KEYS[1], 'epoch', 'version')
local epoch, version = k[1] or ARGV[1], tonumber(k[2] or '0')
-- Another epoch is another life of the data: what was made there has no business here.
if epoch ~= ARGV[1] and epoch ~= ARGV[4] then return {'version'} end
if version ~= tonumber(ARGV[2]) - 1 then return {'version'} end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'version', ARGV[2], 'keys', ARGV[3])
return {'ok'}
