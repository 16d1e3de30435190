import { createHash, randomUUID } from 'node:crypto'
import { createSessionMinter } from '@postern/server'
import { type Asked, call, type Told } from './call.js'
import type { Random } from './random.js'
import type { Stand } from './stand.js'

/** A kind of call of the mixed load. */
export interface Kind {
  readonly name: string
  /** How many of all calls are of this kind, as a share of the sum of all weights. */
  readonly weight: number
  /** The statuses that may come of it. 0: the client left before there was one. */
  readonly statuses: readonly number[]
  /** Whether an answer of status 200 is one that ends as answers end. Default: yes. */
  readonly mayBreak?: boolean
  readonly make: (stand: Stand, random: Random) => Promise<Told>
}

/** Kinds that the ledger has another number of lines of than one each. */
export const [pageKind, leftUploadKind, repeatKind] = [
  'page of the backend',
  'upload that its client leaves',
  'call that its client repeats',
] as const

/** Users whose sessions come again and again. The last ones are those whose sessions are revoked. */
export const users = Array.from({ length: 200 }, (_, index) => `user-${index}`)

function bodyOf(model: string, more: object = {}): string {
  return JSON.stringify({ model: `soak-${model}`, messages: [{ role: 'user', content: 'Is the door open?' }], ...more })
}

/** Asks a model of the gateway, as the service. */
function ask(stand: Stand, model: string, more: Partial<Asked> = {}, members: object = {}): Promise<Told> {
  return call({ port: stand.port, credential: stand.settings.services[0] ?? '', body: bodyOf(model, members), ...more })
}

async function asUser(stand: Stand, user: string, more: Partial<Asked> = {}, model = 'json', members: object = {}): Promise<Told> {
  const minter = createSessionMinter({ secret: stand.settings.sessions[0] ?? '' })
  const { token } = await minter.mint({ user, team: 'acme', ttl: '5m' })
  return ask(stand, model, { credential: token, ...more }, members)
}

const stream = { stream: true }

/** Each with what may come of it. A status of 503 may come of any while the store is locked. */
export const kinds: readonly Kind[] = [
  { name: 'JSON', weight: 30, statuses: [200], make: (stand) => ask(stand, 'json') },
  { name: 'JSON on a new connection', weight: 8, statuses: [200], make: (stand) => ask(stand, 'json', { isAlone: true }) },
  { name: 'stream', weight: 12, statuses: [200], make: (stand) => ask(stand, 'stream', {}, stream) },
  { name: 'slow stream', weight: 1, statuses: [200], make: (stand) => ask(stand, 'drip', {}, stream) },
  {
    name: 'stream that its client leaves',
    weight: 6,
    statuses: [200],
    mayBreak: true,
    make: (stand, random) => ask(stand, 'stream', { isAlone: true, leavesAfter: 1 + Math.floor(random() * 6) }, stream),
  },
  { name: 'stream that the gateway cuts', weight: 3, statuses: [200], mayBreak: true, make: (stand) => ask(stand, 'cut', {}, stream) },
  {
    name: 'session of one of 200 users',
    weight: 8,
    // 401: of a user whose sessions are revoked, minted in the same second.
    statuses: [200, 401],
    make: (stand, random) => asUser(stand, users[Math.floor(random() * users.length)] ?? ''),
  },
  { name: 'session of a new user', weight: 5, statuses: [200], make: (stand) => asUser(stand, randomUUID()) },
  { name: 'stream in a session', weight: 4, statuses: [200], make: (stand) => asUser(stand, randomUUID(), {}, 'stream', stream) },
  { name: 'wrong credential', weight: 4, statuses: [401], make: (stand, random) => ask(stand, 'json', { credential: wrong(random) }) },
  { name: 'model that is not allowed', weight: 3, statuses: [403], make: (stand) => ask(stand, 'json', { body: '{"model":"other"}' }) },
  { name: 'body that is too large', weight: 1, statuses: [413], make: (stand) => ask(stand, 'json', {}, { filler: 'x'.repeat(80_000) }) },
  {
    name: leftUploadKind,
    weight: 2,
    statuses: [0],
    mayBreak: true,
    make: (stand) => ask(stand, 'json', { isAlone: true, leavesAfter: 0 }, { filler: 'x'.repeat(20_000) }),
  },
  { name: 'fault of the gateway', weight: 2, statuses: [500, 502], make: (stand) => ask(stand, 'fault') },
  { name: 'gateway that is busy', weight: 1, statuses: [429], make: (stand) => ask(stand, 'busy') },
  { name: 'answer that is no JSON', weight: 1, statuses: [200, 502], make: (stand) => ask(stand, 'garbage') },
  { name: 'connection that the gateway closes', weight: 1, statuses: [502, 503], make: (stand) => ask(stand, 'reset') },
  { name: 'slow gateway', weight: 2, statuses: [200], make: (stand) => ask(stand, 'slow') },
  { name: 'gateway that never answers', weight: 1, statuses: [504], make: (stand) => ask(stand, 'hang') },
  {
    name: repeatKind,
    weight: 2,
    statuses: [200],
    make: async (stand) => {
      const headers = { 'idempotency-key': randomUUID() }
      const [, repeat] = await Promise.all([ask(stand, 'json', { headers }), ask(stand, 'json', { headers })])
      return repeat
    },
  },
  { name: pageKind, weight: 5, statuses: [200], make: (stand) => ask(stand, 'json', { path: '/page', body: undefined }) },
]

function wrong(random: Random): string {
  return createHash('sha256').update(String(random())).digest('base64url')
}

/** Chooses kinds by their weights. */
export function chooseKind(random: Random): Kind {
  let left = random() * kinds.reduce((sum, { weight }) => sum + weight, 0)
  return kinds.find(({ weight }) => (left -= weight) < 0) ?? (kinds[0] as Kind)
}
