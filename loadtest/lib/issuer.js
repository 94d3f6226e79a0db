// The issuer as its clients see it: the demo clients and user of `tollgate dev`, on one or more nodes.
import http from 'k6/http';
import crypto from 'k6/crypto';
import encoding from 'k6/encoding';
import { check, fail } from 'k6';

const nodes = (__ENV.NODES || 'http://127.0.0.1:8080').split(',');
for (const address of nodes) {
  if (!/^http:\/\/(127\.\d+\.\d+\.\d+|localhost)(:\d+)?$/.test(address)) {
    throw new Error(`${address} is not on this machine: these tests know passwords and send all they can`);
  }
}

// node picks one: a load balancer without stickiness.
export const node = () => nodes[Math.floor(Math.random() * nodes.length)];

export const service = { id: 'demo-service', secret: 'demo-service-secret' };
export const gateway = { id: 'demo-gateway', secret: 'demo-gateway-secret' };
export const web = { id: 'demo-web', secret: 'demo-web-secret', redirect: 'http://127.0.0.1:8085/callback' };
export const person = { username: 'alice', password: 'alice-password' };

const basic = (client) => `Basic ${encoding.b64encode(`${client.id}:${client.secret}`)}`;

// params names what is measured, and which statuses are right.
function params(name, headers, statuses) {
  return { headers, tags: { name }, responseCallback: http.expectedStatuses(...statuses) };
}

function post(path, client, form, statuses = [200]) {
  return http.post(node() + path, form, params(path, { Authorization: basic(client) }, statuses));
}

// validate asks as a gateway does; status is the right answer.
export function validate(token, status = 200) {
  const answer = http.get(`${node()}/validate`, params('/validate', { Authorization: `Bearer ${token}` }, [status]));
  check(answer, { [`/validate answers ${status}`]: (a) => a.status === status });
  return answer;
}

// refusedEverywhere expects every node to refuse a token that has just been revoked at one of them. Redis
// tells the others, which takes a moment; a quarter of a second is the most that is promised.
export function refusedEverywhere(token) {
  const end = Date.now() + 250;
  for (const address of nodes) {
    let answer;
    let asked;
    do {
      asked = Date.now(); // a slow answer is about the moment of its question
      answer = http.get(`${address}/validate`, params('/validate', { Authorization: `Bearer ${token}` }, [200, 401]));
    } while (answer.status === 200 && asked < end);
    check(answer, { 'every node refuses a revoked token within 250 ms': (a) => a.status === 401 });
  }
}

export function introspect(token, active = true) {
  const answer = post('/introspect', gateway, { token });
  check(answer, { [`/introspect says active is ${active}`]: (a) => a.status === 200 && a.json('active') === active });
}

export function introspectBatch(tokens) {
  const headers = { Authorization: basic(gateway), 'Content-Type': 'application/json' };
  const answer = http.post(`${node()}/introspect/batch`, JSON.stringify({ tokens }), params('/introspect/batch', headers, [200]));
  check(answer, { '/introspect/batch says all are active': (a) => a.status === 200 && a.json('results').every((r) => r.active) });
}

// clientCredentials returns an access token of the service.
export function clientCredentials() {
  const answer = post('/token', service, { grant_type: 'client_credentials' });
  check(answer, { '/token issues to a service': (a) => a.status === 200 && a.json('access_token') !== undefined });
  return answer.status === 200 ? answer.json('access_token') : undefined;
}

// refresh returns the successors of a refresh token: {access_token, refresh_token}.
export function refresh(token) {
  const answer = post('/token', web, { grant_type: 'refresh_token', refresh_token: token });
  const good = check(answer, { '/token rotates': (a) => a.status === 200 && a.json('refresh_token') !== undefined });
  return good ? answer.json() : undefined;
}

export function revoke(token) {
  check(post('/revoke', web, { token }), { '/revoke answers 200': (a) => a.status === 200 });
}

// login goes through /authorize, the login form and the consent form as a browser with an empty cookie
// jar, and trades the code for tokens.
export function login(scope = 'offline_access orders:read') {
  const verifier = random();
  const query = {
    response_type: 'code', client_id: web.id, redirect_uri: web.redirect, scope, state: random(),
    code_challenge: crypto.sha256(verifier, 'base64rawurl'), code_challenge_method: 'S256',
  };
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const back = browse(`${node()}/authorize?${search}`);
  const code = back && /[?&]code=([^&]+)/.exec(back);
  if (!check(code, { '/authorize gives a code': (c) => Boolean(c) })) return undefined;
  const answer = post('/token', web, {
    grant_type: 'authorization_code', code: decodeURIComponent(code[1]), redirect_uri: web.redirect, code_verifier: verifier,
  });
  return check(answer, { '/token redeems the code': (a) => a.status === 200 }) ? answer.json() : undefined;
}

// browse follows redirects and fills forms until the application's address; it returns that.
function browse(address) {
  const jar = new http.CookieJar();
  const open = { jar, redirects: 0, tags: { name: 'pages' } };
  let page = http.get(address, open);
  for (let turn = 0; turn < 10; turn++) {
    const location = page.headers.Location;
    if (location && location.startsWith(web.redirect)) return location;
    if (location) {
      page = http.get(location.startsWith('/') ? origin(page.url) + location : location, open);
      continue;
    }
    if (page.status !== 200) return undefined;
    const asks = page.html().find('input[name=password]').size() > 0;
    page = page.submitForm({ formSelector: 'form', fields: asks ? person : { decision: 'allow' }, params: open });
  }
  return undefined;
}

const origin = (url) => /^https?:\/\/[^/]+/.exec(url)[0];

// random is 256 bits in base64url.
const random = () => encoding.b64encode(crypto.randomBytes(32), 'rawurl');

// mint returns so many tokens for a setup, or ends the test.
export function mint(count) {
  return Array.from({ length: count }, () => clientCredentials() || fail('no tokens to begin with'));
}

export const pick = (list) => list[Math.floor(Math.random() * list.length)];
