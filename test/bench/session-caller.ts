import { randomBytes } from 'node:crypto'
import { createSessionMinter } from '@postern/server'
import { bearer } from './bearer.js'
import type { OpenCaller } from './callers.js'

/** A page's user, with a token of the customer's backend. It is verified once and then remembered. */
export async function openSessionCaller(): Promise<OpenCaller> {
  const secret = randomBytes(32).toString('base64url')
  const { token } = await createSessionMinter({ secret }).mint({ user: 'bench', team: 'acme', ttl: '1h' })
  return {
    config: { session: { secret: { env: 'BENCH_SESSION_SECRET' } } },
    env: { BENCH_SESSION_SECRET: secret },
    credentials: () => Promise.resolve(bearer(token)),
  }
}
