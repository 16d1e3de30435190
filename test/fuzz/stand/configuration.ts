import { hash } from 'node:crypto'
import { dialects, type DialectName, type Secrets } from './secrets.js'

/** Where the servers behind the sidecar are. */
export interface Ports {
  readonly gateway: number
  readonly backend: number
  readonly identity: number
}

/** Issuers, each with a key set of its own, so that each answer with a key set is read anew. */
export const issuers = 48

/** The whole configuration of a sidecar under test: every way in, every dialect, nothing limited that an honest load would meet. */
export function makeConfiguration(ports: Ports, more: object = {}): Record<string, unknown> {
  const each = <Value>(make: (name: DialectName) => Value): Record<string, Value> =>
    Object.fromEntries(dialects.map((name) => [name, make(name)]))
  const identity = `http://127.0.0.1:${ports.identity}`
  return {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock', secret: { env: 'ADMIN' } },
    backend: { url: `http://127.0.0.1:${ports.backend}`, timeouts: { headers: '1s' } },
    gateways: each((name) => ({
      dialect: name,
      baseURL: `http://127.0.0.1:${ports.gateway}/${name}/v1`,
      attempts: 1,
      addressLimit: 'off',
      timeouts: { connect: '1s', headers: '1s', idle: '1s' },
    })),
    keys: each((name) => ({
      gateway: name,
      secret: { env: `KEY_${name.toUpperCase()}` },
      ...(name === 'mintoken' ? { providerSecret: { env: 'PROVIDER' } } : {}),
      ...(name === 'freeai' ? { project: 'fuzz' } : {}),
    })),
    bindings: dialects.map((name) => ({ team: name, key: name })),
    callers: {
      session: { secret: { env: 'SESSION' }, exchange: { limit: 1_000_000_000 } },
      jwt: Array.from({ length: issuers }, (_, index) => ({
        issuer: `${identity}/${index}/`,
        jwks: `${identity}/jwks/${index}`,
        audience: 'fuzz',
        algorithms: ['ES256'],
        claims: { user: 'sub', team: 'org' },
        teams: [index === 0 ? 'openai' : `team-${index}`],
      })),
      forwardAuth: { url: `${identity}/api/me`, cookies: ['sid'], timeout: '1s' },
      service: {
        hashes: { env: 'RING' },
        principals: { ...each((name) => ({ user: `svc-${name}`, team: name })), delegate: { delegate: true } },
      },
    },
    policies: { pinUser: true },
    failedAuthentication: { limit: 1_000_000_000 },
    store: { memory: true },
    ...more,
  }
}

/** What the configuration refers to. */
export function makeEnvironment({ keys, provider, session, admin, callers }: Secrets): Record<string, string> {
  return {
    ...Object.fromEntries(dialects.map((name) => [`KEY_${name.toUpperCase()}`, keys[name]])),
    PROVIDER: provider,
    SESSION: session,
    ADMIN: admin,
    RING: Object.entries(callers)
      .map(([label, credential]) => `${label}:${hash('sha256', credential)}`)
      .join(','),
  }
}
