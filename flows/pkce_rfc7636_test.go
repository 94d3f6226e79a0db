package flows

import "testing"

func TestPKCE_AppendixB(t *testing.T) {
	if got := challengeOf(verifier); got != challenge {
		t.Errorf("challenge %s, want %s", got, challenge)
	}
	if err := checkChallenge(challenge, "S256"); err != nil {
		t.Error(err)
	}
}

func TestPKCE_VerifierIs43To128Unreserved(t *testing.T) {
	long := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	for v, good := range map[string]bool{long[:42]: false, long[:43]: true, long[:128]: true, long[:129]: false, long[:42] + "+": false, long[:42] + "é": false, "": false} {
		if (challengeOf(v) != "") != good {
			t.Errorf("verifier of %d bytes: accepted = %v", len(v), !good)
		}
	}
}
