package config

import (
	"regexp"
	"strings"
)

// serviceVariable is what a cluster puts into every pod's environment about a service called tollgate, or
// tollgate- and more (Kubernetes: "Services", environment variables). Nobody asked for these variables, and
// a pod that stopped at them could never start. The value must be what a cluster writes: TOLLGATE_PORT=8080
// is a person who expects the port to change.
var serviceVariable = regexp.MustCompile(strings.NewReplacer(
	"PROTOCOL", `(TCP|UDP|SCTP)`,
	"protocol", `(tcp|udp|sctp)`,
	"word", `[A-Z0-9]+`,
	"number", `[1-9][0-9]{0,4}`,
	"host", `([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)`,
	"address", `([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-f:]*:[0-9a-f:.]*\])`,
).Replace(`^` + EnvPrefix + `(word_)*(` + strings.Join([]string{
	`SERVICE_HOST=host`,
	`SERVICE_PORT(_word)*=number`,
	`PORT=protocol://address:number`,
	`PORT_number_PROTOCOL=protocol://address:number`,
	`PORT_number_PROTOCOL_PROTO=protocol`,
	`PORT_number_PROTOCOL_PORT=number`,
	`PORT_number_PROTOCOL_ADDR=host`,
}, "|") + `)$`))
