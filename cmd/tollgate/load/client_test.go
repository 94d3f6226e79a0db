package load

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

func TestClient_SendsTheSameRequestWithAnotherForm(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.PostForm.Encode())
		w.WriteHeader(202)
		w.Write([]byte("body"))
	}))
	defer server.Close()
	c, err := NewClient(server.URL, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	r := c.NewRequest(server.URL+"/token", url.Values{"a": {"1"}})
	r.SetAuthorization("Basic xyz")
	for _, form := range []url.Values{{"b": {"2"}}, {"c": {"&"}}} {
		r.SetForm(form)
		if status, body, err := r.Send(); status != 202 || string(body) != "body" || err != nil {
			t.Errorf("%d %q %v", status, body, err)
		}
	}
	if len(got) != 2 || got[0] != "POST /token Basic xyz b=2" || got[1] != "POST /token Basic xyz c=%26" {
		t.Errorf("sent %q", got)
	}
}

func TestClient_NamesTheKindOfFailure(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + free.Addr().String()
	free.Close()

	closing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		conn.Close()
	}))
	defer closing.Close()
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hanging.Close()
	defer close(release)
	private := httptest.NewTLSServer(http.NotFoundHandler())
	defer private.Close()

	for address, want := range map[string]string{
		refusing: "connection refused", closing.URL: "connection closed", hanging.URL: "timeout", private.URL: "TLS",
	} {
		c, err := NewClient(address, 1, 200*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.NewRequest(address, nil).Send(); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}
