import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { bearer } from './bearer.js'
import type { OpenCaller } from './callers.js'
import { Child } from './child.js'
import { upstreamCredential } from './headers.js'
import type { RunningSubject } from './subjects.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** How long Postern may take until it answers, in milliseconds. */
const START_LIMIT = 15_000

function config(port: number, upstream: number, callers: readonly OpenCaller[]): string {
  const further = callers.flatMap((caller) => Object.entries(caller.config).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`))
  return `version: 1
listen: { host: 127.0.0.1, port: ${port} }
mount: /ai
backend: { url: http://127.0.0.1:${upstream} }
gateways:
  main: { dialect: openai, baseURL: http://127.0.0.1:${upstream}/v1 }
keys:
  acme: { gateway: main, secret: { env: BENCH_KEY } }
bindings:
  - { team: acme, key: acme }
callers:
  service: { hashes: { env: GATEWAY_API_KEY_HASHES }, principals: { bench: { user: bench, team: acme } } }
${further.join('')}policies: { models: ['*'] }
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Whether anything at all answers. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/', agent: false }, (res) => {
      res.resume()
      resolve(true)
    }).on('error', () => resolve(false))
  })
}

async function ready(child: Child, port: number): Promise<void> {
  const deadline = performance.now() + START_LIMIT
  while (!(await answers(port))) {
    if (child.hasEnded) throw new Error(child.complaint('ended before it answered'))
    if (performance.now() > deadline) throw new Error(child.complaint(`did not answer within ${START_LIMIT / 1000} s`))
    await sleep(50)
  }
}

/** Starts Postern as an operator would: its own command, a configuration file, secrets in the environment. */
export async function startPostern(upstream: number, callers: readonly OpenCaller[] = []): Promise<RunningSubject> {
  const callerKey = randomBytes(24).toString('base64url')
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const file = join(directory, 'postern.yaml')
  await writeFile(file, config(port, upstream, callers))
  const child = Child.start('postern', join(ROOT, 'sidecar/bin/postern.js'), ['start', '--config', file], {
    cwd: ROOT,
    speaks: false,
    env: {
      ...Object.assign({}, ...callers.map(({ env }) => env)),
      BENCH_KEY: upstreamCredential.replace('Bearer ', ''),
      GATEWAY_API_KEY_HASHES: `bench:${createHash('sha256').update(callerKey).digest('hex')}`,
    },
  })
  void child.ended.then(() => rm(directory, { recursive: true, force: true }))
  await ready(child, port)
  return { child, target: { port, path: '/ai/v1/chat/completions', credentials: bearer(callerKey) } }
}
