package server

// Names and values of headers that are set for every request, in the spelling and the type that fasthttp
// takes without looking at them again.
var (
	headerAuthAudience       = []byte("X-Auth-Audience")
	headerAuthClient         = []byte("X-Auth-Client")
	headerAuthExpires        = []byte("X-Auth-Expires")
	headerAuthScope          = []byte("X-Auth-Scope")
	headerAuthSubject        = []byte("X-Auth-Subject")
	headerAuthTokenID        = []byte("X-Auth-Token-Id")
	headerAuthorization      = []byte("Authorization")
	headerCacheControl       = []byte("Cache-Control")
	headerChallenge          = []byte("Www-Authenticate") // as fasthttp spells it
	headerContentTypeOptions = []byte("X-Content-Type-Options")
	headerPragma             = []byte("Pragma")
	headerRateLimit          = []byte("Ratelimit") // as fasthttp spells it
	headerRateLimitPolicy    = []byte("Ratelimit-Policy")
	headerRequestID          = []byte("X-Request-Id")
	headerRetryAfter         = []byte("Retry-After")
	headerStale              = []byte("X-Tollgate-Stale")

	valueNoCache = []byte("no-cache")
	valueNoSniff = []byte("nosniff")
	valueNoStore = []byte("no-store")
)
