package redistore

import (
	"fmt"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func TestDecodedClients_AreBelievedForTheirGenerationAndTime(t *testing.T) {
	var d decodedClients
	app := &decodedClient{client: &oauth.Client{ID: "app"}, value: "record"}
	app.confirm(7, time.Second)
	d.put(app)
	for _, ask := range []struct {
		id         string
		generation uint64
		age        time.Duration
		client     *oauth.Client
		kept       *decodedClient
	}{
		{"app", 7, 0, app.client, app},
		{"app", 7, time.Second - 1, app.client, app},
		{"app", 7, time.Second, nil, app},
		{"app", 8, 0, nil, app},
		{"app", 6, 0, nil, app},
		{"other", 7, 0, nil, nil},
	} {
		if client, kept := d.get(ask.id, ask.generation, ask.age); client != ask.client || kept != ask.kept {
			t.Errorf("%s in generation %d at %v: %v, %v", ask.id, ask.generation, ask.age, client, kept)
		}
	}
	d.drop("app")
	if client, kept := d.get("app", 7, 0); client != nil || kept != nil {
		t.Error("a client that is gone is kept")
	}
}

func TestDecodedClients_AreBounded(t *testing.T) {
	var d decodedClients
	for i := range 3 * maxDecoded {
		d.put(&decodedClient{client: &oauth.Client{ID: fmt.Sprint(i)}})
		if len(d.by) > maxDecoded {
			t.Fatalf("%d clients are kept", len(d.by))
		}
	}
	if _, kept := d.get(fmt.Sprint(3*maxDecoded-1), 0, 0); kept == nil || len(d.by) != maxDecoded {
		t.Errorf("the last one is not among the %d that are kept", len(d.by))
	}
}
