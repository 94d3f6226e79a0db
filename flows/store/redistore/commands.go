package redistore

// Commands are all that this package has Redis run, each in a form without effect, so that it can be
// tried: after the first, the key holds a string for a moment, which no other command can change.
// deploy/redis.acl allows them and nothing else.
func Commands(prefix string) [][]string {
	key := prefix + ":probe"
	commands := [][]string{
		{"SET", key, "", "PX", "1000"},
		{"EVAL", "return 1", "1", key},
		{"EVALSHA", "0000000000000000000000000000000000000000", "1", key},
	}
	for _, c := range [][]string{
		{"GET"}, {"HGET", "f"}, {"HMGET", "f"}, {"HEXISTS", "f"}, {"HSCAN", "0"}, {"EXISTS"}, {"PTTL"},
		{"HSET", "f", "v"}, {"HSETNX", "f", "v"}, {"HDEL", "f"}, {"HINCRBY", "f", "1"}, {"INCR"},
		{"ZADD", "0", "m"}, {"ZREM", "m"}, {"ZRANGEBYLEX", "-", "+"}, {"ZRANGEBYSCORE", "0", "0"}, {"ZREVRANGEBYSCORE", "0", "0"},
		{"XADD", "*", "f", "v"}, {"XTRIM", "MAXLEN", "0"}, {"XREVRANGE", "+", "-"},
		{"PEXPIRE", "1000"}, {"DEL"}, {"PERSIST"},
	} {
		commands = append(commands, append([]string{c[0], key}, c[1:]...))
	}
	return commands
}
