//go:build clients

package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// openid-client, which is Node's, has tests of its own: they ask the node where this one says.
func TestClients_OpenIDClientSignsIn(t *testing.T) {
	onEachStore(t, func(t *testing.T, n *Node) {
		tests := exec.Command("node", "--test")
		tests.Dir, tests.Env = "openid-client", append(os.Environ(), "TOLLGATE_ISSUER="+n.Issuer)
		output, err := tests.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		t.Logf("%s", output)
	})
}
