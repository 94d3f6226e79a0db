-- KEYS: the stream, the node's count. ARGV: how long to keep (ms), how many, the channel, then
-- pairs of a count and an event.
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
for i = 4, #ARGV, 2 do
  local seq = tonumber(ARGV[i])
  if seq > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'event', ARGV[i + 1])
    redis.pcall('PUBLISH', ARGV[3], ARGV[i + 1]) -- without permission, only listeners lose
    last = seq
  end
end
local now = redis.pcall('TIME') -- without permission, the number alone bounds the stream
if not now.err then
  redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', now[1] * 1000 - ARGV[1]))
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], string.format('%.0f', last), 'PX', ARGV[1])
return {'ok'}
