//go:build attacks

package attacks

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func secretsInRedis(x *trial) {
	run := x.stored() // of the whole run
	x.nowhereIn("Redis after the run", run, append(x.secretsOf(), "canaryABC"[:8]))
	if found := jwtLike.FindString(run); found != "" {
		x.Errorf("Redis holds a signed token: %.60s", found)
	}
	servers := x.moveFar()
	for _, s := range servers {
		s.Text(x.T, "CONFIG", "SET", "slowlog-log-slower-than", "0")
		s.Text(x.T, "CONFIG", "SET", "slowlog-max-len", "100000")
	}
	read := x.monitor(servers)
	secrets := x.useEverything()
	x.sendCanaries()
	traffic := read()
	for place, sign := range map[string]string{"the traffic": "evalsha"} {
		if !strings.Contains(strings.ToLower(traffic), sign) {
			x.Errorf("%s has no %s: the row looks at nothing", place, sign)
		}
	}
	x.restsNowhere(append(secrets, x.canaries...), servers, traffic)
	x.note("%d secrets in neither keys, traffic, slow log nor files", (len(secrets)+len(x.canaries))/10*10)
}

// jwtLike is what a JWT looks like.
var jwtLike = regexp.MustCompile(`eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{40,}`)

func canariesEverywhere(x *trial) {
	x.moveOut("TOLLGATE_LOG__LEVEL=debug", "TOLLGATE_LOG__SLOW_REQUEST=1us", "TOLLGATE_LOG__SLOW_STORE=1us", "TOLLGATE_LOG__SAMPLE=1", "TOLLGATE_LOG__AUDIT_FILE=audit.log")
	secrets := append(x.useEverything(), x.node.AdminToken())
	x.sendCanaries()
	if len(x.canaries) < 60 {
		x.Errorf("%d canaries", len(x.canaries))
	}
	secrets = append(secrets, x.canaries...)
	x.nowhereIn("the metrics", string(x.node.GetOps("/metrics").Body)+string(x.node.GetOps("/healthz").Body), secrets)
	if x.store != "memory" {
		x.nowhereIn("Redis", x.stored(), secrets)
	}
	audit, err := os.ReadFile(filepath.Join(x.node.Dir(), "audit.log"))
	if err != nil {
		x.Fatal(err)
	}
	x.nowhereIn("the audit log", string(audit), secrets)
	text := x.quit()
	for _, sign := range []string{`"route":"token"`, "slow", `"msg":"event"`} {
		if !strings.Contains(text, sign) {
			x.Errorf("the log has no %s: the row looks at nothing", sign)
		}
	}
	x.nowhereIn("the log with its stacks", text, secrets)
	x.note("%d canaries and %d other secrets found nowhere", len(x.canaries)/10*10, len(secrets)-len(x.canaries))
}

func stackDump(x *trial) {
	x.moveOut()
	var open []net.Conn
	hold := func(text string) {
		conn, err := net.Dial("tcp", x.address())
		if err != nil {
			x.Fatal(err)
		}
		io.WriteString(conn, text)
		open = append(open, conn)
	}
	for range 10 { // half a body, half a header, a whole request on a connection that stays
		body := "grant_type=client_credentials&client_secret=" + x.canary()
		hold(fmt.Sprintf("POST /token HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", formType, len(body)+10, body))
		hold("GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + x.canary())
		hold("GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + x.canary() + "\r\n\r\n")
	}
	form := x.visitor().form(x.get("/login"))
	encoded, _ := json.Marshal(form.Fields)
	hold("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n" + string(encoded) + x.canary())
	time.Sleep(200 * time.Millisecond)
	x.nowhereIn("the log with its stacks", x.quit(), x.canaries)
	for _, conn := range open {
		conn.Close()
	}
	x.note("stacks of 31 requests in flight hold none")
}
