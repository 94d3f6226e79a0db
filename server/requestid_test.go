package server

import "testing"

func TestRequestID_CountsUp(t *testing.T) {
	for before, want := range map[string]string{
		"00000000000000000000000000000000": "00000000000000000000000000000001",
		"0000000000000000000000000000a999": "0000000000000000000000000000a99a",
		"000000000000000000000000000009ff": "00000000000000000000000000000a00",
		"ffffffffffffffffffffffffffffffff": "00000000000000000000000000000000",
	} {
		n := requestNumber([]byte(before))
		if n.next(); string(n[:]) != want {
			t.Errorf("after %s comes %s, want %s", before, n[:], want)
		}
	}
}

func TestRequestID_IsNotMetTwice(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		r := requests.New().(*request)
		for range 100 {
			r.record.Reset()
			r.newID()
			id := string(r.record.idBytes[:r.record.idLen])
			if !plainID([]byte(id)) || len(id) != 32 || seen[id] {
				t.Fatalf("id %q", id)
			}
			seen[id] = true
		}
	}
}
