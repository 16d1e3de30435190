import { createSessionMinter } from '@postern/server'
import { bearer } from './bearer.js'
import type { OpenCaller } from './callers.js'
import { sessionSecret } from './session-secret.js'

/** A page's user, with a token of the customer's backend. It is verified once and then remembered. */
export async function openSessionCaller(): Promise<OpenCaller> {
  const { token } = await createSessionMinter({ secret: sessionSecret }).mint({ user: 'bench', team: 'acme', ttl: '1h' })
  return {
    config: { session: { secret: { env: 'BENCH_SESSION_SECRET' } } },
    env: { BENCH_SESSION_SECRET: sessionSecret },
    credentials: () => Promise.resolve(bearer(token)),
  }
}
