//go:build attacks

package attacks

// row is one row of the table: what is sent, and what must be answered.
type row struct {
	id    int
	sent  string
	want  string
	try   func(x *trial)
	waits string // instead of try: for what that is not there yet

	results map[string]*result // by store
}

// result is what became of a row on one store.
type result struct {
	holds bool
	got   string
}

type section struct {
	id    int
	title string
	rows  []*row
}

// sections are the table. Sections 15 and 16, on times and races, are tests of their own.
var sections = []*section{
	{1, "Transport and HTTP parsing", transportRows},
	{2, "/authorize", authorizeRows},
	{3, "/token: client authentication", clientRows},
	{4, "/token: grants", grantRows},
	{5, "/introspect and batch", introspectRows},
	{6, "/revoke", revokeRows},
	{7, "/userinfo", userinfoRows},
	{8, "/validate", validateRows},
	{9, "JWTs", jwtRows},
	{10, "Discovery, JWKS, keys", metadataRows},
	{11, "Pushed authorization requests", parRows},
	{12, "Dynamic registration", registrationRows},
	{13, "Login, consent, logout", pageRows},
	{14, "Admin API, health, metrics, Redis", adminRows},
}
