// Package flows is the protocols: what OAuth 2.1 and OpenID Connect demand, one file per set of
// rules, named after its RFC. It knows no HTTP and no Redis commands.
//
//	server ──> flows ──> clientauth  who is calling
//	                 ──> token       what is handed out
//	                 ──> keys        what it is signed with
//	                 ──> store       what must be remembered, and what must be atomic
//
// Every method says one of three things: yes, no (an *oauth.Error with a code of the RFC), or
// that nobody knows now (oauth.Unavailable), which a client answers by trying again.
//
// # Index
//
// Where a section of a specification is implemented, and the test that holds it there. Paths are
// relative to the module; a test keeps this table true.
//
//	Specification            Rule                            File                                           Test
//	RFC 6454 6.2             origins of pages                flows/oauth/origin_rfc6454.go                  TestCheckOrigin_TakesWhatBrowsersSend
//	RFC 6749 2.3             client authentication           flows/clientauth/authenticate_rfc6749.go       TestToken_RefusesByTheRuleThatIsBroken
//	RFC 6749 3.1.2           redirect URIs, exact            flows/oauth/redirect_rfc8252.go                TestMatchRedirectURI_IsByteForByte
//	RFC 6749 3.2             token endpoint                  flows/token_rfc6749.go                         TestToken_RefusesByTheRuleThatIsBroken
//	RFC 6749 3.3             scope                           flows/oauth/scope.go                           TestParseScope_RFC6749_3_3
//	RFC 6749 4.1.1           authorization request           flows/authorize_rfc6749.go                     TestAuthorize_UntrustedRequestsGetAPage
//	RFC 6749 4.1.2           code is single use              flows/code_rfc6749.go                          TestCode_SecondUseEndsFamily
//	RFC 6749 4.1.2.1         errors go back to the client    flows/authorize_rfc6749.go                     TestAuthorize_ErrorsGoBackToTheClient
//	RFC 6749 4.1.3           code for tokens                 flows/code_rfc6749.go                          TestCode_IsRefusedToWhoeverDidNotAskForIt
//	RFC 6749 4.4             client credentials              flows/token_rfc6749.go                         TestToken_ClientCredentialsIssueToTheClientItself
//	RFC 6749 5.2             errors                          flows/oauth/error.go                           TestError_StatusBelongsToTheCode
//	RFC 6749 6               refresh                         flows/refresh_rfc6749.go                       TestRefresh_ScopeNarrowsAndWidensBackButNeverGrows
//	RFC 6749 10.10           guesses                         flows/guesses.go                               TestGuesses_MadeUpHandlesCountAgainstTheirClientAndAddress
//	RFC 6750 3.1             bearer token demands            flows/validate.go                              TestValidate_DemandsScopeAndAudience
//	RFC 7009 2               revocation                      flows/revoke_rfc7009.go                        TestRevoke_AccessTokenAloneRefreshTokenWithItsGrant
//	RFC 7515 3               signatures                      flows/token/jws_rfc7515.go                     TestJWS_SignsAndVerifiesTheVectors
//	RFC 7517 4               keys as JSON                    flows/keys/jwk_rfc7517.go                      TestJWKS_ShowsPublicMembersOnly
//	RFC 7517 5               the key set document            server/jwks_rfc7517.go                         TestJWKS_HoldsPublicKeysOnly
//	RFC 7518 3.3             RS256                           flows/keys/rs256_rfc7518.go                    TestRS256_IsTheSameEitherWay
//	RFC 7636 4               PKCE                            flows/pkce_rfc7636.go                          TestPKCE_AppendixB
//	RFC 7638 3               key ids                         flows/keys/jwk_rfc7517.go                      TestThumbprint_IsWhatTheRFCsPrint
//	RFC 7662 2               introspection                   flows/introspect_rfc7662.go                    TestIntrospect_EachCallerGetsItsOwnView
//	RFC 8017 8.2.2           RSA signatures                  flows/keys/verify_rfc8017.go                   TestRSAVerifier_AnswersAsCryptoRSA
//	RFC 8037 3.1             EdDSA                           flows/keys/eddsa_rfc8037.go                    TestEdDSA_IsTheSameEitherWay
//	RFC 8252 7.3             loopback redirect, any port     flows/oauth/redirect_rfc8252.go                TestMatchRedirectURI_LoopbackTakesAnyPort
//	RFC 8252 8.6             unverifiable clients are asked  flows/interaction.go                           TestAuthorize_UnverifiableClientsAreAskedAboutEveryTime
//	RFC 8414 2, OIDC Discovery metadata                        server/metadata_rfc8414.go                     TestMetadata_BothDocumentsNameEverything
//	RFC 8707 2               resource                        flows/token_rfc6749.go                         TestToken_RefusesByTheRuleThatIsBroken
//	RFC 9068 2               access tokens                   flows/token/access_rfc9068.go                  TestAccess_HasTheShapeOfTheRFCsExample
//	RFC 9110 13.1.2          If-None-Match                   server/etag_rfc9110.go                         TestMetadata_BothDocumentsNameEverything
//	RFC 9207 2               iss in every answer             flows/interaction.go                           TestAuthorize_ErrorsGoBackToTheClient
//	RFC 9700 4.14.2          refresh rotation and reuse      flows/refresh_rfc6749.go                       TestRefresh_RetryAfterTheWindowEndsTheFamily
//	OIDC Core 2              id_token                        flows/token/id_oidc.go                         TestCode_TradesForTokens
//	OIDC Core 3.1.2.1        prompt, max_age, id_token_hint  flows/demand_oidc.go                           TestAuthorize_AsksForAFreshLogin
//	OIDC Core 3.1.2.4        consent                         flows/consent_oidc.go                          TestConsent_ManyClicksMakeOneCode
//	OIDC Core 5.3            userinfo                        flows/userinfo_oidc.go                         TestUserInfo_TellsWhatTheScopeAllows
//	OIDC RP-Initiated 2      logout                          flows/logout_oidc.go                           TestLogout_AsksUnlessTheClientProvesItself
package flows
