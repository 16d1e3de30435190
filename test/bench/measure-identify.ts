import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash } from 'node:crypto'
import { callers } from './callers.js'
import { Child } from './child.js'
import type { Bench, Rounds } from './interleave.js'
import type { IdentifyJob } from './job.js'

/** What says who calls where the service caller does. */
const serviceCredential = 'bench service credential'

/** Where the requests are for; nothing listens there, and nothing need to. */
const port = 8787

/** CPU time that saying who calls costs by itself, in microseconds, by caller. */
export async function measureIdentify(bench: Bench): Promise<Rounds<number>> {
  const { rounds, checks } = bench.plan.identify
  const directory = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const open = await Promise.all(callers.map(async (caller) => ({ ...caller, ...(await caller.open()) })))
  bench.progress.step('the room that says who calls')
  const service = { hashes: { env: 'RING' }, principals: { bench: { user: 'bench', team: 'acme' } } }
  const job: IdentifyJob = {
    config: {
      version: 1,
      gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: Object.assign({ service }, ...open.map(({ config }) => config)) as object,
    },
    env: {
      KEY: 'bench-gateway-key',
      RING: `bench:${hash('sha256', serviceCredential)}`,
      ...Object.assign({}, ...open.map(({ env }) => env)),
    },
    directory,
    port,
    rounds,
    checks,
    callers: await Promise.all(
      open.map(async ({ name, credentials }) => ({
        name,
        credentials: (await credentials(port)) ?? { sets: [[`Authorization: Bearer ${serviceCredential}`]], once: false },
      })),
    ),
  }
  const child = Child.own('identify-room', [], bench.node)
  child.tell(job)
  try {
    return await child.line<Rounds<number>>()
  } finally {
    await child.stop()
    for (const { close } of open) close?.()
    await rm(directory, { recursive: true, force: true })
  }
}
