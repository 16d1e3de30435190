/** Configurations of any size: each key with a variable and a user of its own, and rules for the first of the users. */

import { createHash, randomBytes } from 'node:crypto'
import { bearer } from './bearer.js'
import type { Credentials } from './job.js'

/** How large a configuration is. */
export interface GrowthSize {
  readonly name: string
  readonly keys: number
  readonly rules: number
  /** How many users call, in turn; each has a credential of its own. At most as many as there are keys. Default: 10. */
  readonly callers?: number
  /** Limits, each of a user of its own. Default: none. */
  readonly limits?: number
}

/** The files of a Postern, and who may call it. */
export interface GrownConfig {
  readonly files: Readonly<Record<'postern.json' | 'postern.yaml' | '.env', string>>
  /** As many callers with every size unless it says how many: what is kept for each costs all sizes the same. */
  readonly credentials: Credentials
}

/** How many users call, in turn, where a size does not say. Each has a key and a rule. */
const callingUsers = 10

export function growConfig(size: GrowthSize, port: number, upstream: number): GrownConfig {
  const { keys, rules, callers: calling = callingUsers } = size
  const step = Math.max(1, Math.floor(Math.min(keys, rules) / calling))
  const callers = Array.from({ length: calling }, (_, index) => ({
    label: `caller-${index}`,
    user: userOf(index * step),
    key: randomBytes(24).toString('base64url'),
  }))
  const ring = callers.map(({ label, key }) => `${label}:${createHash('sha256').update(key).digest('hex')}`)
  const variables = Array.from({ length: keys }, (_, index) => `${variableOf(index)}=bench-${randomBytes(24).toString('base64url')}`)
  const config = settingsOf(size, port, upstream, Object.fromEntries(callers.map(({ label, user }) => [label, { user }])))
  return {
    files: {
      'postern.json': JSON.stringify(config, null, 2),
      'postern.yaml': yamlOf(config),
      '.env': `${[`GATEWAY_API_KEY_HASHES=${ring.join(',')}`, ...variables].join('\n')}\n`,
    },
    credentials: { sets: callers.flatMap(({ key }) => bearer(key).sets), once: false },
  }
}

function settingsOf(
  { keys, rules, limits = 0 }: GrowthSize,
  port: number,
  upstream: number,
  principals: Readonly<Record<string, { readonly user: string }>>,
) {
  return {
    version: 1,
    listen: { host: '127.0.0.1', port },
    gateways: { main: { dialect: 'openai', baseURL: `http://127.0.0.1:${upstream}/v1` } },
    keys: Object.fromEntries(
      Array.from({ length: keys }, (_, index) => [aliasOf(index), { gateway: 'main', secret: { env: variableOf(index) } }]),
    ),
    bindings: Array.from({ length: keys }, (_, index) => ({ user: userOf(index), key: aliasOf(index) })),
    callers: {
      service: {
        hashes: { env: 'GATEWAY_API_KEY_HASHES' },
        principals,
      },
    },
    policies: { rules: Array.from({ length: rules }, (_, index) => ({ user: userOf(index), models: ['bench-*'], body: '8MiB' })) },
    ...(limits === 0 ? {} : { limits: { rules: Array.from({ length: limits }, (_, index) => limitOf(index)) } }),
    // All streams that are held come from one address.
    connections: { perAddress: 100_000 },
    store: { memory: true },
  }
}

/** What no load reaches. */
function limitOf(index: number): object {
  return { name: `calls-${index}`, user: userOf(index), per: 'minute', requests: 1_000_000_000 }
}

/** With a line for each key and binding, as people write them; YAML takes everything else as JSON. */
function yamlOf({ keys, bindings, ...others }: ReturnType<typeof settingsOf>): string {
  return [
    ...Object.entries(others).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    'keys:',
    ...Object.entries(keys).map(([alias, { gateway, secret }]) => `  ${alias}: { gateway: ${gateway}, secret: { env: ${secret.env} } }`),
    'bindings:',
    ...bindings.map(({ user, key }) => `  - { user: ${user}, key: ${key} }`),
    '',
  ].join('\n')
}

function userOf(index: number): string {
  return `user-${index}`
}

function aliasOf(index: number): string {
  return `key-${index}`
}

function variableOf(index: number): string {
  return `BENCH_KEY_${index}`
}
