package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Code is the value of an answer's "error" member.
type Code string

// The error codes Tollgate answers with, by the section that registers them.
const (
	CodeInvalidRequest          Code = "invalid_request"           // RFC 6749 5.2
	CodeInvalidClient           Code = "invalid_client"            // RFC 6749 5.2
	CodeInvalidGrant            Code = "invalid_grant"             // RFC 6749 5.2
	CodeUnauthorizedClient      Code = "unauthorized_client"       // RFC 6749 5.2
	CodeUnsupportedGrantType    Code = "unsupported_grant_type"    // RFC 6749 5.2
	CodeInvalidScope            Code = "invalid_scope"             // RFC 6749 5.2
	CodeAccessDenied            Code = "access_denied"             // RFC 6749 4.1.2.1
	CodeUnsupportedResponseType Code = "unsupported_response_type" // RFC 6749 4.1.2.1
	CodeServerError             Code = "server_error"              // RFC 6749 4.1.2.1
	CodeTemporarilyUnavailable  Code = "temporarily_unavailable"   // RFC 6749 4.1.2.1
	CodeInvalidToken            Code = "invalid_token"             // RFC 6750 3.1
	CodeInsufficientScope       Code = "insufficient_scope"        // RFC 6750 3.1
	CodeInvalidTarget           Code = "invalid_target"            // RFC 8707 2
	CodeLoginRequired           Code = "login_required"            // OIDC Core 3.1.2.6
	CodeConsentRequired         Code = "consent_required"          // OIDC Core 3.1.2.6
	CodeInteractionRequired     Code = "interaction_required"      // OIDC Core 3.1.2.6
	CodeRequestNotSupported     Code = "request_not_supported"     // OIDC Core 3.1.2.6
	CodeRequestURINotSupported  Code = "request_uri_not_supported" // OIDC Core 3.1.2.6

	// The rest is ours: HTTP says it, no RFC of OAuth names it.
	CodeNotFound        Code = "not_found"
	CodeMethodNotAllow  Code = "method_not_allowed"
	CodeForbidden       Code = "forbidden"
	CodeConflict        Code = "conflict"
	CodePrecondition    Code = "precondition_failed"
	CodeTooLarge        Code = "request_too_large"
	CodeURITooLong      Code = "uri_too_long"
	CodeHeadersTooLarge Code = "headers_too_large"
	CodeUnsupportedType Code = "unsupported_media_type"
	CodeTimeout         Code = "request_timeout"
	CodeExpectation     Code = "expectation_failed"
	CodeTooManyRequests Code = "too_many_requests"
	CodeUnauthenticated Code = "unauthenticated"
)

// statuses maps every code to its HTTP status; a code that is not here is a 400.
var statuses = map[Code]int{
	CodeInvalidClient:          http.StatusUnauthorized,
	CodeInvalidToken:           http.StatusUnauthorized,
	CodeUnauthenticated:        http.StatusUnauthorized,
	CodeInsufficientScope:      http.StatusForbidden,
	CodeForbidden:              http.StatusForbidden,
	CodeServerError:            http.StatusInternalServerError,
	CodeTemporarilyUnavailable: http.StatusServiceUnavailable,
	CodeNotFound:               http.StatusNotFound,
	CodeMethodNotAllow:         http.StatusMethodNotAllowed,
	CodeConflict:               http.StatusConflict,
	CodePrecondition:           http.StatusPreconditionFailed,
	CodeTooLarge:               http.StatusRequestEntityTooLarge,
	CodeURITooLong:             http.StatusRequestURITooLong,
	CodeHeadersTooLarge:        http.StatusRequestHeaderFieldsTooLarge,
	CodeUnsupportedType:        http.StatusUnsupportedMediaType,
	CodeTimeout:                http.StatusRequestTimeout,
	CodeExpectation:            http.StatusExpectationFailed,
	CodeTooManyRequests:        http.StatusTooManyRequests,
}

// Error is an answer a stranger may see. Description holds only characters of RFC 6749 5.2
// (%x20-21 / %x23-5B / %x5D-7E) and never bytes of the request; Cause is for our own log.
type Error struct {
	Code        Code
	Description string
	Cause       error

	// Scope is what was missing; only with CodeInsufficientScope.
	Scope string
	// RetryAfter says when to come back; only with 429 and 503.
	RetryAfter time.Duration
	// Policy is the limit that was reached; only with 429.
	Policy *Policy
}

// Policy is a limit as those are told of it who reach it (draft-ietf-httpapi-ratelimit-headers 3).
type Policy struct {
	Name   string        // plain: letters, digits and _ only
	Quota  int           // so many requests
	Window time.Duration // in so much time
}

// Error returns code and description, and the cause where there is one. It is for logs.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Description, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Description)
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// Status returns the HTTP status that belongs to the code.
func (e *Error) Status() int {
	if s, ok := statuses[e.Code]; ok {
		return s
	}
	return http.StatusBadRequest
}

// NewError returns an error with that code and words that are safe for strangers.
func NewError(code Code, description string) *Error {
	return &Error{Code: code, Description: description}
}

// InvalidRequest says that a request is malformed (RFC 6749 5.2).
func InvalidRequest(description string) *Error {
	return NewError(CodeInvalidRequest, description)
}

// InvalidClient says that the caller could not be authenticated. Every reason gets the same
// words, so that nobody learns which client ids exist.
func InvalidClient() *Error {
	return NewError(CodeInvalidClient, "client authentication failed")
}

// InvalidGrant says that a code or refresh token cannot be used (RFC 6749 5.2).
func InvalidGrant(description string) *Error {
	return NewError(CodeInvalidGrant, description)
}

// InvalidToken says that an access token is not good, for whatever reason (RFC 6750 3.1).
func InvalidToken() *Error {
	return NewError(CodeInvalidToken, "the token is not valid")
}

// InsufficientScope says which scope a good token lacks (RFC 6750 3.1).
func InsufficientScope(need string) *Error {
	return &Error{Code: CodeInsufficientScope, Description: "the token does not carry what is asked for", Scope: need}
}

// Unavailable says that the answer cannot be known now. It is never the caller's fault, and a
// client must keep its tokens and retry.
func Unavailable(cause error) *Error {
	return &Error{Code: CodeTemporarilyUnavailable, Description: "the service is temporarily unavailable, retry", Cause: cause, RetryAfter: time.Second}
}

// TooManyRequests says which limit was reached and when to come back.
func TooManyRequests(policy *Policy, after time.Duration) *Error {
	return &Error{Code: CodeTooManyRequests, Description: "too many requests, retry later", RetryAfter: after, Policy: policy}
}

// Internal wraps a fault of our own.
func Internal(cause error) *Error {
	return &Error{Code: CodeServerError, Description: "internal error", Cause: cause}
}

// AsError returns err as the answer it stands for; an error that carries no answer is Internal.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Internal(err)
}
