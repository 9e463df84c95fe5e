// A certified OpenID provider on loopback, for tests. Prints its issuer once it listens; ends with its standard input.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [callback] = process.argv.slice(2);
const audience = 'https://audit.example.com';
const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'ci',
      client_secret: 'ci-secret',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'console',
      client_secret: 'console-secret',
      grant_types: ['authorization_code'],
      redirect_uris: [callback],
      response_types: ['code'],
    },
  ],
  claims: { openid: ['sub', 'groups'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['for-tests-only'] },
  pkce: { required: () => true },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => false,
      getResourceServerInfo: () => ({
        scope: 'write',
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  // What a CI system says about the job that a token is for.
  extraTokenClaims: () => ({ repository: 'acme/app', ref: 'refs/heads/main' }),
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, groups: ['auditors'] }) }),
});

server.on('request', provider.callback());
console.log(issuer);
process.stdin.on('end', () => process.exit(0)).resume();
