//go:build attacks

package attacks

const noPAR = "pushed authorization requests (/par)"

var parRows = []*row{
	{id: 318, sent: "GET, PUT /par", want: "405", waits: noPAR},
	{id: 319, sent: "`request_uri` inside the pushed request", want: "400 invalid_request", waits: noPAR},
	{id: 321, sent: "a bad redirect_uri, no PKCE, a bad scope", want: "400 at /par already", waits: noPAR},
	{id: 322, sent: "a good request", want: "201, request_uri of 128 bits, expires_in 5 to 600", waits: noPAR},
	{id: 323, sent: "another client's request_uri", want: "a page, or invalid_request_uri", waits: noPAR},
	{id: 324, sent: "an expired or used request_uri", want: "a page, or invalid_request_uri", waits: noPAR},
	{id: 326, sent: "other values outside than inside", want: "outside is ignored", waits: noPAR},
	{id: 327, sent: "a client that was changed or disabled since", want: "refused", waits: noPAR},
	{id: 328, sent: "a plain /authorize of a client that must push", want: "invalid_request", waits: noPAR},
	{id: 329, sent: "1 MB; 100,000 in a minute", want: "413; 429", waits: noPAR},
	{id: 331, sent: "secrets in pushed parameters", want: "in no cookie, address or log", waits: noPAR},
}
