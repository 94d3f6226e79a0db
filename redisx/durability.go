package redisx

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"
)

// Weaknesses returns why this Redis may lose or evict what it has acknowledged, each with the fix;
// none if it keeps everything. The error is ErrUnavailable.
func (c *Client) Weaknesses(ctx context.Context) ([]string, error) {
	reply, err := c.Do(ctx, "info", c.B().Info().Build())
	var refused *rueidis.RedisError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Error(), "NOPERM") {
		return []string{"INFO is not permitted, so persistence and eviction cannot be checked; allow +info"}, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := reply.ToString()
	if err != nil {
		return nil, fmt.Errorf("%w: info: %w", ErrUnavailable, err)
	}
	return weaknesses(text), nil
}

// weaknesses reads the answer of INFO: lines of name:value.
func weaknesses(info string) []string {
	values := map[string]string{}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		values[name] = value
	}
	var found []string
	if values["aof_enabled"] == "0" {
		found = append(found, "appendonly is off, so a crash loses what changed since the last snapshot; set appendonly yes")
	}
	if policy := values["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		found = append(found, "maxmemory-policy is "+policy+", so revocations may be evicted and tokens come back; set noeviction")
	}
	return found
}
