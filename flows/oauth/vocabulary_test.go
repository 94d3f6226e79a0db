package oauth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseScope_RFC6749_3_3(t *testing.T) {
	check := func(in, want string) {
		t.Helper()
		if got, err := ParseScope(in); err != nil || got.String() != want {
			t.Errorf("%q = %q, %v; want %q", in, got, err, want)
		}
	}
	check("", "")
	check("a b a", "a b")
	check("https://api.example/read !#[]~", "https://api.example/read !#[]~")
	for _, bad := range []string{" ", "a  b", " a", "a ", `a"b`, `a\b`, "a\tb", "a\nb", "é", "a\x7f", strings.Repeat("a", 1025), strings.TrimSpace(numbered(65))} {
		if s, err := ParseScope(bad); err == nil || AsError(err).Code != CodeInvalidScope {
			t.Errorf("%.20q = %q, %v", bad, s, err)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "s%d ", i)
	}
	return b.String()
}

func TestScope_Sets(t *testing.T) {
	s := Scope{"a", "b"}
	if !s.Covers(Scope{"b"}) || !s.Covers(nil) || s.Covers(Scope{"a", "c"}) {
		t.Error("Covers")
	}
	if got := s.Union(Scope{"b", "c"}).String(); got != "a b c" {
		t.Errorf("Union = %q", got)
	}
	if got := s.Without("a").String(); got != "b" || s.String() != "a b" {
		t.Errorf("Without = %q, and left %q", got, s)
	}
}

func TestError_StatusBelongsToTheCode(t *testing.T) {
	for code, want := range map[Code]int{
		CodeInvalidRequest: 400, CodeInvalidGrant: 400, CodeUnsupportedGrantType: 400, CodeInvalidScope: 400, CodeUnauthorizedClient: 400,
		CodeInvalidClient: 401, CodeInvalidToken: 401, CodeInsufficientScope: 403, CodeTemporarilyUnavailable: 503, CodeServerError: 500,
		CodeTooManyRequests: 429, CodeTooLarge: 413,
	} {
		if got := NewError(code, "").Status(); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}

func TestError_TellsStrangersNothing(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1:6379")
	for _, e := range []*Error{Unavailable(cause), Internal(cause), AsError(fmt.Errorf("rotate: %w", cause))} {
		if strings.Contains(e.Description, "10.0.0.1") || !errors.Is(e, cause) {
			t.Errorf("%q", e.Description)
		}
	}
	if e := Unavailable(cause); AsError(fmt.Errorf("wrapped: %w", e)) != e {
		t.Error("an answer is lost when it is wrapped")
	}
}
