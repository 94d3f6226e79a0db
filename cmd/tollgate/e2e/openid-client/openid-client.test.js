// openid-client against a running `tollgate dev`: what a Node application and a Node gateway do,
// through the real login and consent forms. TOLLGATE_ISSUER says where it runs.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as client from 'openid-client'

import { Browser } from './browser.js'

const issuer = process.env.TOLLGATE_ISSUER
assert.ok(issuer, 'TOLLGATE_ISSUER is not set: run `make clients`')

const alice = { username: 'alice', password: 'alice-password' }
const allow = { decision: 'allow' }
const deny = { decision: 'deny' }
const scope = 'openid profile email offline_access orders:read'

// The ways in which the demo clients that people sign in to say who they are. Nothing listens at
// the redirect URIs: the browser tells where it was sent.
const signInClients = [
  { id: 'demo-web', by: client.ClientSecretBasic('demo-web-secret'), how: 'client_secret_basic', home: 'http://127.0.0.1:8085' },
  { id: 'demo-web', by: client.ClientSecretPost('demo-web-secret'), how: 'client_secret_post', home: 'http://127.0.0.1:8085' },
  { id: 'demo-spa', by: client.None(), how: 'none', home: 'http://127.0.0.1:51004' },
]
const [web] = signInClients
const service = { id: 'demo-service', by: client.ClientSecretBasic('demo-service-secret') }
const gateway = { id: 'demo-gateway', by: client.ClientSecretBasic('demo-gateway-secret') }

// discover returns the client's configuration, with id_token signatures checked against JWKS.
const discover = ({ id, by }, options) =>
  client.discovery(new URL(issuer), id, undefined, by, {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    ...options,
  })

// ask sends the browser to /authorize; callback is where it ended, checks what must be true of it.
async function ask(config, app, browser, { answers = [alice, allow], ...parameters } = {}) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  }
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: `${app.home}/callback`,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  })
  const end = await browser.visit(address, answers)
  assert.ok(end.left, `the browser stayed: ${end.status} ${end.text}`)
  return { callback: end.left, checks }
}

// signIn goes the whole way to tokens. The library checks state, nonce, iss and the id_token.
async function signIn(config, app, browser, options) {
  const { callback, checks } = await ask(config, app, browser, options)
  return client.authorizationCodeGrant(config, callback, checks)
}

const introspect = async (token) => client.tokenIntrospection(await discover(gateway), token)

test('both metadata documents are one truth', async () => {
  const [oidc, oauth] = await Promise.all(
    ['oidc', 'oauth2'].map(async (algorithm) => (await discover(web, { algorithm })).serverMetadata()),
  )
  assert.equal(oidc.issuer, issuer)
  assert.ok(oidc.supportsPKCE())
  assert.equal(oidc.authorization_response_iss_parameter_supported, true)
  for (const [name, value] of Object.entries(oauth)) {
    if (typeof value !== 'function') assert.deepEqual(value, oidc[name], name)
  }
})

for (const app of signInClients) {
  test(`${app.id} signs in, refreshes and revokes by ${app.how}`, async () => {
    const config = await discover(app)
    const { callback, checks } = await ask(config, app, new Browser(issuer), { max_age: '600' })
    assert.equal(callback.origin, app.home)
    assert.equal(callback.searchParams.get('iss'), issuer) // RFC 9207 2

    const tokens = await client.authorizationCodeGrant(config, callback, { ...checks, maxAge: 600 })
    const { sub } = tokens.claims()
    assert.equal(sub, 'alice')
    assert.equal(tokens.token_type, 'bearer')
    assert.equal(tokens.scope, scope)

    const info = await client.fetchUserInfo(config, tokens.access_token, sub)
    assert.equal(info.email, 'alice@example.com')
    assert.equal(info.email_verified, true)
    assert.equal(info.preferred_username, 'alice')

    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token)
    assert.notEqual(fresh.access_token, tokens.access_token)
    assert.notEqual(fresh.refresh_token, tokens.refresh_token)
    assert.equal(fresh.claims().sub, sub)
    assert.equal(fresh.claims().auth_time, tokens.claims().auth_time) // OIDC Core 12.2
    assert.equal((await introspect(fresh.access_token)).active, true)

    await client.tokenRevocation(config, fresh.refresh_token)
    await assert.rejects(client.refreshTokenGrant(config, fresh.refresh_token), refused('invalid_grant'))
    await assert.rejects(client.fetchUserInfo(config, fresh.access_token, sub), challenged('invalid_token'))
    assert.deepEqual(await introspect(fresh.access_token), { active: false })
    assert.deepEqual(await introspect(tokens.access_token), { active: false })
  })
}

test('a second use of a code ends the tokens of the first', async () => {
  const config = await discover(web)
  const { callback, checks } = await ask(config, web, new Browser(issuer))
  const tokens = await client.authorizationCodeGrant(config, callback, checks)
  await assert.rejects(client.authorizationCodeGrant(config, callback, checks), refused('invalid_grant'))
  assert.deepEqual(await introspect(tokens.access_token), { active: false }) // RFC 6749 4.1.2
})

test('a person who denies sends the application access_denied', async () => {
  const config = await discover(web)
  const { callback, checks } = await ask(config, web, new Browser(issuer), { prompt: 'consent', answers: [alice, deny] })
  await assert.rejects(client.authorizationCodeGrant(config, callback, checks), (error) => {
    assert.ok(error instanceof client.AuthorizationResponseError)
    assert.equal(error.error, 'access_denied')
    return true
  })
})

test('a service gets a token of its own and gives it back', async () => {
  const config = await discover(service)
  const tokens = await client.clientCredentialsGrant(config, { scope: 'orders:read' })
  assert.equal(tokens.scope, 'orders:read')
  assert.equal(tokens.refresh_token, undefined) // RFC 6749 4.4.3

  const seen = await introspect(tokens.access_token)
  assert.equal(seen.active, true)
  assert.equal(seen.iss, issuer)
  assert.equal(seen.client_id, 'demo-service')
  assert.equal(seen.scope, 'orders:read')

  await client.tokenRevocation(config, tokens.access_token)
  assert.deepEqual(await introspect(tokens.access_token), { active: false })
})

test('a wrong secret is invalid_client', async () => {
  const config = await discover({ id: 'demo-service', by: client.ClientSecretBasic('not-the-secret') })
  await assert.rejects(client.clientCredentialsGrant(config), (error) => {
    assert.equal(error.cause?.at?.(0)?.scheme, 'basic') // RFC 6749 5.2: 401 names the scheme
    assert.equal(error.status, 401)
    return true
  })
})

test('logout ends the session and its tokens, and sends the browser home', async () => {
  const config = await discover(web)
  const browser = new Browser(issuer)
  const tokens = await signIn(config, web, browser)
  await signIn(config, web, browser, { prompt: 'none' }) // silent while the session lasts

  const end = await browser.visit(
    client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: `${web.home}/`,
      state: 'bye',
    }),
  )
  assert.equal(end.left?.href, `${web.home}/?state=bye`)
  assert.deepEqual(await introspect(tokens.access_token), { active: false })

  const { callback, checks } = await ask(config, web, browser, { prompt: 'none' })
  await assert.rejects(client.authorizationCodeGrant(config, callback, checks), (error) => {
    assert.equal(error.error, 'login_required')
    return true
  })
})

// refused matches the answer of an endpoint that refuses a request, such as RFC 6749 5.2.
function refused(code) {
  return (error) => {
    assert.ok(error instanceof client.ResponseBodyError, error)
    assert.equal(error.error, code)
    assert.equal(error.status, 400)
    return true
  }
}

// challenged matches the answer of a resource that refuses a token (RFC 6750 3).
function challenged(code) {
  return (error) => {
    assert.ok(error instanceof client.WWWAuthenticateChallengeError, error)
    assert.equal(error.status, 401)
    assert.equal(error.cause[0].parameters.error, code)
    return true
  }
}
