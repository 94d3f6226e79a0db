-- KEYS: interaction; ARGV: outcome
if redis.call('EXISTS', KEYS[1]) == 0 then return {'absent'} end
redis.call('HSETNX', KEYS[1], 'outcome', ARGV[1])
return {'ok', redis.call('HGET', KEYS[1], 'outcome')}
