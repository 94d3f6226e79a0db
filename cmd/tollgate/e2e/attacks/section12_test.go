//go:build attacks

package attacks

const noRegistration = "dynamic registration (/register)"

var registrationRows = []*row{
	{id: 332, sent: "no initial access token, a wrong one", want: "401", waits: noRegistration},
	{id: 333, sent: "redirect_uris: none, fragments, http, `javascript:`, wildcards, 1,000", want: "400 invalid_redirect_uri", waits: noRegistration},
	{id: 334, sent: "unknown grants, response types and methods", want: "400 invalid_client_metadata", waits: noRegistration},
	{id: 336, sent: "addresses of internal services to fetch", want: "not fetched", waits: noRegistration},
	{id: 337, sent: "client_name with markup, bidi, 10 KB, a homograph", want: "escaped, capped", waits: noRegistration},
	{id: 338, sent: "client_id, client_secret, scope, skip_consent of the client's choice", want: "ignored or 400", waits: noRegistration},
	{id: 339, sent: "an unsigned or forged software_statement", want: "400 invalid_software_statement", waits: noRegistration},
	{id: 341, sent: "another client's registration_access_token", want: "401 or 403", waits: noRegistration},
	{id: 342, sent: "a change of type that would pass a rule", want: "judged as it will be", waits: noRegistration},
	{id: 343, sent: "tokens and codes of a client deleted since", want: "401, inactive", waits: noRegistration},
	{id: 344, sent: "a million registrations", want: "429; unused clients expire", waits: noRegistration},
}
