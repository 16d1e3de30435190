import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSessionMinter } from '@postern/server'
import { Agent, request } from 'undici'
import type { Bench } from './interleave.js'
import { command, type RunningPostern, startPostern } from './postern.js'
import { startRedis } from './redis.js'
import { openSessionCaller } from './session-caller.js'
import { sessionSecret } from './session-secret.js'

/** What became of the calls of a user whose sessions were ended under load. */
export interface RevocationResult {
  readonly where: string
  readonly calls: number
  readonly callsPerSecond: number
  /** From the end of the command to the last call that was let in, in milliseconds; negative: before it. */
  readonly lastAcceptedMs: number
  /** Calls that were sent more than a second after the end of the command and let in all the same. */
  readonly acceptedLate: number
  /** Calls of another user that were refused; none may be. */
  readonly othersRefused: number
}

/** Between two bursts, in milliseconds. */
const tickMs = 10

/** How long calls go on after the command, in seconds; those of the last second are the ones that count. */
const secondsAfter = 2

interface Call {
  readonly sentAt: number
  readonly status: number
  readonly isOther: boolean
}

/** Fewer than one address may have open: while the command starts, two cores do not keep up with the rate, and calls wait. */
const client = new Agent({ connections: 256 })

async function callOnce(url: string, token: string, isOther: boolean): Promise<Call> {
  const sentAt = performance.now()
  const answer = await request(url, { dispatcher: client, headers: { authorization: `Bearer ${token}` } })
  await answer.body.dump()
  return { sentAt, status: answer.statusCode, isOther }
}

/** Calls at a rate, spread over processes; every tenth call is another user's. */
async function callUntil(
  over: () => boolean,
  urls: readonly string[],
  tokens: readonly [ended: string, other: string],
  perSecond: number,
): Promise<readonly Call[]> {
  const calls: Call[] = []
  const open = new Set<Promise<unknown>>()
  const began = performance.now()
  let sent = 0
  while (!over()) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond)
    for (; sent < due; sent += 1) {
      const isOther = sent % 10 === 0
      const call = callOnce(`${urls[sent % urls.length]}/models`, isOther ? tokens[1] : tokens[0], isOther)
        .then((ended) => calls.push(ended))
        .finally(() => open.delete(call))
      open.add(call)
    }
    await sleep(tickMs)
  }
  await Promise.all(open)
  return calls
}

/** Ends the sessions of a user as an operator would. */
async function revoke({ file, env }: RunningPostern, user: string): Promise<void> {
  const child = spawn(process.execPath, [command, 'session', 'revoke', '--config', file, '--user', user], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`"postern session revoke" ended with ${code}`)
}

async function measureAt(where: string, posterns: readonly RunningPostern[], perSecond: number): Promise<RevocationResult> {
  const minter = createSessionMinter({ secret: sessionSecret, ttl: '1h' })
  const [ended, other] = await Promise.all(['ended', 'other'].map((user) => minter.mint({ user, team: 'acme' })))
  const urls = posterns.map(({ target }) => `http://127.0.0.1:${target.port}/ai/v1`)
  let over = false
  const began = performance.now()
  const calling = callUntil(() => over, urls, [ended?.token ?? '', other?.token ?? ''], perSecond)
  await sleep(1000)
  await revoke(posterns[0] as RunningPostern, 'ended')
  const revokedAt = performance.now()
  await sleep(secondsAfter * 1000)
  over = true
  const calls = await calling
  const seconds = (performance.now() - began) / 1000
  await Promise.all(posterns.map(({ child }) => child.stop()))
  const accepted = calls.filter(({ isOther, status }) => !isOther && status !== 401)
  return {
    where,
    calls: calls.length,
    callsPerSecond: calls.length / seconds,
    lastAcceptedMs: Math.max(...accepted.map(({ sentAt }) => sentAt)) - revokedAt,
    acceptedLate: accepted.filter(({ sentAt }) => sentAt > revokedAt + 1000).length,
    othersRefused: calls.filter(({ isOther, status }) => isOther && status === 401).length,
  }
}

/** Ends sessions under load: in one process with the embedded store, and in two that share a Redis where one is installed. */
export async function measureRevocation(bench: Bench): Promise<readonly RevocationResult[]> {
  const { node } = bench
  const { callsPerSecond } = bench.plan.revocation
  const callers = [await openSessionCaller()]
  bench.progress.step('revocation under load: one process')
  const alone = await startPostern(bench.upstream, { callers, node })
  const results = [await measureAt('one process, SQLite', [alone], callsPerSecond)]
  bench.progress.step('revocation under load: two processes')
  if (!existsSync('/usr/bin/redis-server')) return results
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const redis = await startRedis(folder)
  const further = { replicas: 2, store: { redis: redis.url } }
  const two = [
    await startPostern(bench.upstream, { callers, further, node }),
    await startPostern(bench.upstream, { callers, further, node }),
  ]
  results.push(await measureAt('two processes, Redis', two, callsPerSecond))
  await redis.stop()
  await rm(folder, { recursive: true, force: true })
  return results
}
