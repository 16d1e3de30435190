import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { bearer } from './bearer.js'
import type { OpenCaller } from './callers.js'

const ALGORITHM = 'RS256'
const AUDIENCE = 'bench'
const KEY_ID = 'bench'

/** A user of an identity provider that serves its keys over HTTP. The token is verified once and then remembered. */
export async function openJwtCaller(): Promise<OpenCaller> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM)
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: KEY_ID, alg: ALGORITHM, use: 'sig' }] })
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(keys))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const token = await new SignJWT({ sub: 'bench', org: { id: 'acme' } })
    .setProtectedHeader({ alg: ALGORITHM, kid: KEY_ID, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey)
  const jwt = { issuer, jwks: `${issuer}jwks.json`, audience: AUDIENCE, algorithms: [ALGORITHM], claims: { team: 'org.id' } }
  return {
    config: { jwt: [jwt] },
    env: {},
    credentials: () => Promise.resolve(bearer(token)),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
