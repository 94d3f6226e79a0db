package config

import (
	"net"
)

// Setting is one key from the command line.
type Setting struct{ Flag, Path, Value string }

// LoadDev reads Dev, then the environment, then the flags, and checks the whole by the rules of dev
// mode: loopback only, and an issuer that follows listen.public where none is given.
func LoadDev(environ []string, flags []Setting) (*Config, error) {
	d := newDecoder(Dev())
	d.readEnviron(environ)
	for _, f := range flags {
		d.readText(f.Path, f.Value, origin{source: f.Flag})
	}
	d.config.FollowListener(d.config.Listen.Public)
	return d.finish((*Config).validateDev)
}

// FollowListener sets the issuer to the public listener's address, unless the operator gave one.
func (c *Config) FollowListener(address string) {
	if _, given := c.origins["issuer"]; given {
		return
	}
	if host, _, err := net.SplitHostPort(address); err == nil && isLoopback(host) {
		c.Issuer = "http://" + address
	}
}
