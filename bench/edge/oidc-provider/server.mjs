// oidc-provider with its store in memory: the same clients, grants and client authentication as the
// demo of Tollgate. The resource decides whether an access token is opaque or a JWT.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const scope = 'orders:read orders:write';
const rsa = { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'rsa' };
const client = (id, more) => ({
  client_id: `demo-${id}`, client_secret: `demo-${id}-secret`, redirect_uris: [], response_types: [],
  token_endpoint_auth_method: 'client_secret_basic', ...more,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client('service', { grant_types: ['client_credentials'], scope }), client('gateway', { grant_types: [] })],
  scopes: scope.split(' '),
  jwks: { keys: [rsa] },
  ttl: { ClientCredentials: 600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope,
        audience: resource,
        accessTokenTTL: 600,
        ...(resource === 'urn:jwt' ? { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } } : { accessTokenFormat: 'opaque' }),
      }),
    },
  },
});

createServer(provider.callback()).listen(port, '127.0.0.1');
