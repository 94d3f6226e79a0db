package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
)

func main() {
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "fosite:", err)
		os.Exit(1)
	}
}

func serve(address string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	for _, prefix := range []string{"/opaque", "/jwt"} {
		config := newConfig(address) // one each: compose writes its handlers into it
		var strategy oauth2.CoreStrategy = compose.NewOAuth2HMACStrategy(config)
		if prefix == "/jwt" {
			strategy = compose.NewOAuth2JWTStrategy(func(context.Context) (any, error) { return key, nil }, compose.NewOAuth2HMACStrategy(config), config)
		}
		s := &server{compose.Compose(config, clients(), &compose.CommonStrategy{CoreStrategy: strategy},
			compose.OAuth2ClientCredentialsGrantFactory, compose.OAuth2TokenIntrospectionFactory)}
		mux.HandleFunc("POST "+prefix+"/token", s.token)
		mux.HandleFunc("POST "+prefix+"/introspect", s.introspect)
	}
	return http.ListenAndServe(address, mux)
}

func newConfig(address string) *fosite.Config {
	return &fosite.Config{
		AccessTokenLifespan: 10 * time.Minute,
		GlobalSecret:        make([]byte, 32),
		ClientSecretsHasher: sha{},
		AccessTokenIssuer:   "http://" + address,
	}
}

// clients is a store with the demo clients in it.
func clients() *storage.MemoryStore {
	store := storage.NewMemoryStore()
	for id, secret := range map[string]string{"demo-service": "demo-service-secret", "demo-gateway": "demo-gateway-secret"} {
		hash, _ := sha{}.Hash(context.Background(), []byte(secret))
		store.Clients[id] = &fosite.DefaultClient{
			ID: id, Secret: hash, GrantTypes: []string{"client_credentials"}, Scopes: []string{"orders:read", "orders:write"},
		}
	}
	return store
}

// sha compares secrets as Tollgate does. fosite's own hasher is bcrypt, which would be nearly all
// that is measured.
type sha struct{}

func (sha) Hash(_ context.Context, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	return sum[:], nil
}

func (h sha) Compare(ctx context.Context, hash, data []byte) error {
	if got, _ := h.Hash(ctx, data); subtle.ConstantTimeCompare(got, hash) != 1 {
		return errors.New("another secret")
	}
	return nil
}

type server struct{ provider fosite.OAuth2Provider }

func session() *oauth2.JWTSession {
	return &oauth2.JWTSession{JWTClaims: &jwt.JWTClaims{Subject: "demo-service"}, JWTHeader: &jwt.Headers{}}
}

func (s *server) token(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	request, err := s.provider.NewAccessRequest(ctx, r, session())
	if err != nil {
		s.provider.WriteAccessError(ctx, w, request, err)
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	response, err := s.provider.NewAccessResponse(ctx, request)
	if err != nil {
		s.provider.WriteAccessError(ctx, w, request, err)
		return
	}
	s.provider.WriteAccessResponse(ctx, w, request, response)
}

func (s *server) introspect(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	answer, err := s.provider.NewIntrospectionRequest(ctx, r, session())
	if err != nil {
		s.provider.WriteIntrospectionError(ctx, w, err)
		return
	}
	s.provider.WriteIntrospectionResponse(ctx, w, answer)
}
