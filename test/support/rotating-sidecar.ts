import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmulatedGateway, type EmulatedKey, type Emulator, issueKey, startEmulator, USUAL_MODELS } from '@postern/emulator'
import { expect } from 'vitest'
import { runInProcess } from './run-in-process.js'
import { type Finished, runPostern, type RunningPostern, startPostern } from './run-postern.js'

const credential = randomBytes(32).toString('base64url')

/** A sidecar whose one key is in the ring, and its gateway. */
export interface Rotating {
  readonly former: EmulatedKey
  readonly next: EmulatedKey
  readonly emulator: Emulator
  /** Runs a command of `postern keys` with the same configuration and variables, in this process. */
  readonly keys: (...args: readonly string[]) => Promise<Finished>
  /** The same as a process of its own, which ends only if the command closes what it opened. */
  readonly keysAlone: (...args: readonly string[]) => Promise<Finished>
  /** Begins such a process, which may be killed. */
  readonly begin: (...args: readonly string[]) => RunningPostern
  /** Kills the process that serves, and starts another one. */
  readonly killAndStart: () => Promise<void>
  /** Calls as a user, and gives the status. */
  readonly call: (user: string) => Promise<number>
  /** How many calls came to the gateway with a key since the start. */
  readonly sentWith: (key: EmulatedKey) => number
  /** How many calls the gateway answered with each of the two since the last time. */
  readonly used: () => { readonly former: number; readonly next: number }
  /** The lines of the audit. */
  readonly audit: () => readonly Readonly<Record<string, unknown>>[]
  close(): Promise<void>
}

/** Starts a sidecar whose only key is one of the ring, bound to the team acme, at an emulated gateway that knows a second one. */
export async function openRotating(gateway: EmulatedGateway): Promise<Rotating> {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-rotation-'))
  const [former, next] = [issueKey(gateway), issueKey(gateway)]
  const emulator = await startEmulator(gateway, { keys: [former, next] })
  const env = {
    MASTER: randomBytes(32).toString('base64url'),
    FORMER: former.secret,
    NEXT: next.secret,
    FORMER_PROVIDER: former.providerSecret ?? '',
    NEXT_PROVIDER: next.providerSecret ?? '',
    RING: `backend:${hash('sha256', credential)}`,
  }
  writeFileSync(
    join(cwd, 'postern.json'),
    JSON.stringify({
      version: 1,
      listen: { port: 0 },
      store: { sqlite: './postern.db' },
      admin: { socket: './admin.sock' },
      audit: { file: './audit.jsonl' },
      keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
      gateways: { main: { dialect: gateway, baseURL: emulator.baseURL, addressLimit: 'off' } },
      keys: {},
      bindings: [],
      callers: { service: { hashes: { env: 'RING' }, principals: { backend: { delegate: true } } } },
    }),
  )
  const wordsOf = (args: readonly string[]): readonly string[] => ['keys', ...args, '--config', 'postern.json']
  const keys = (...args: readonly string[]): Promise<Finished> => runInProcess(wordsOf(args), { cwd, env })
  const provider = gateway === 'mintoken' ? ['--provider-env', 'FORMER_PROVIDER'] : []
  const project = gateway === 'freeai' ? ['--gateway-project', 'project-acme'] : []
  const added = await keys('add', 'acme', '--gateway', 'main', '--team', 'acme', '--secret-env', 'FORMER', ...provider, ...project)
  expect([added.code, added.stderr.includes('error')]).toEqual([0, false])
  let running: RunningPostern
  let url = ''
  async function start(): Promise<void> {
    running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
    ;[, url = ''] = await running.prints(/"url":"([^"]+)"/)
  }
  async function kill(): Promise<void> {
    running.child.kill('SIGKILL')
    await running.finished
  }
  await start()
  let seen = 0
  return {
    former,
    next,
    emulator,
    keys,
    keysAlone: (...args) => runPostern(wordsOf(args), { cwd, env }),
    begin: (...args) => startPostern(wordsOf(args), { cwd, env }),
    async killAndStart() {
      await kill()
      await start()
    },
    audit: () =>
      readFileSync(join(cwd, 'audit.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async close() {
      await kill()
      await emulator.close()
      rmSync(cwd, { recursive: true })
    },
    async call(user) {
      const answer = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${credential}`,
          'content-type': 'application/json',
          'postern-act-as': `user=${user}, team=acme`,
        },
        body: JSON.stringify({ model: USUAL_MODELS[gateway], messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 }),
      })
      await answer.arrayBuffer()
      return answer.status
    },
    sentWith: ({ secret }) => emulator.seen.filter(({ credentials }) => credentials.some(({ value }) => value === secret)).length,
    used() {
      const calls = emulator.seen.slice(seen).filter(({ status }) => status === 200)
      seen = emulator.seen.length
      const count = ({ secret }: EmulatedKey): number =>
        calls.filter(({ credentials }) => credentials.some(({ value }) => value === secret)).length
      return { former: count(former), next: count(next) }
    },
  }
}

/** Callers enough for a share of them to be told from none and from all. */
export const users = Array.from({ length: 40 }, (_, index) => `u_${index}`)

/**
 * Rotates the key of a gateway while calls go on without a pause, and expects that none fails.
 *
 * @param workers How many callers call at once.
 * @returns How many calls were made.
 */
export async function rotateUnderLoad(gateway: EmulatedGateway, rotating: Rotating, workers: number): Promise<number> {
  const { former, next, keys, call, used, sentWith, audit } = rotating
  const failures: number[] = []
  let calls = 0
  const over = new AbortController()
  const load = Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      for (let index = worker; !over.signal.aborted; index += workers) {
        const status = await call(users[index % users.length] as string)
        calls += 1
        if (status !== 200) failures.push(status)
      }
    }),
  )
  const stage = async (...args: readonly string[]): Promise<Finished> => {
    const finished = await keys('rotate', 'acme', ...args)
    expect([finished.code, finished.stderr]).toEqual([0, expect.not.stringContaining('error')])
    return finished
  }
  /** What calls used that began at least a second after a stage. */
  const usedAfter = async (): Promise<{ former: number; next: number }> => {
    const until = performance.now() + 1000
    while (performance.now() < until) await new Promise((later) => setTimeout(later, 20))
    used()
    const before = calls
    await expect.poll(() => calls, { timeout: 10_000 }).toBeGreaterThan(before + 2 * users.length)
    return used()
  }
  await stage('--take', '--secret-env', 'NEXT', ...(gateway === 'mintoken' ? ['--provider-env', 'NEXT_PROVIDER'] : []))
  const free = await keys('rotate', 'acme', '--validate')
  if (free.code !== 0) {
    expect(free.stderr).toContain('Say --model NAME')
    await stage('--validate', '--model', USUAL_MODELS[gateway])
  }
  expect((await usedAfter()).next).toBe(0)
  const trials = sentWith(next)
  const sharedAt = Date.now()
  await stage('--share', '50')
  const shared = await usedAfter()
  const formerAtPromotion = sentWith(former)
  expect(Math.min(shared.former, shared.next)).toBeGreaterThan(10)
  await stage('--confirm', '--yes')
  await stage('--promote')
  const promotedAt = Date.now()
  expect((await usedAfter()).former).toBe(0)
  expect(await stage('--watch', '1')).toMatchObject({ stdout: expect.stringMatching(/sent the old secret of acme with 0 calls/) })
  former.state = 'revoked'
  const nextBefore = sentWith(next)
  await stage('--retire', '--yes')
  const retired = audit().findLast(({ stage: name, result }) => name === 'retire' && result === 'done') ?? {}
  const at = (member: string): number => Date.parse(String(retired[member]))
  expect(at('new_first_used')).toBeGreaterThanOrEqual(sharedAt)
  expect(at('old_last_used')).toBeGreaterThan(at('new_first_used'))
  expect(at('old_last_used')).toBeLessThan(promotedAt + 2000)
  expect(retired['old_calls']).toBeGreaterThan(shared.former)
  expect(retired['old_calls']).toBeLessThanOrEqual(sentWith(former))
  expect(formerAtPromotion).toBeLessThanOrEqual(sentWith(former))
  // What was sent in the last half second is not written down yet.
  expect(retired['new_calls']).toBeGreaterThan(shared.next)
  expect(retired['new_calls']).toBeLessThanOrEqual(sentWith(next) - trials)
  expect(nextBefore).toBeGreaterThan(trials + shared.next)
  expect((await usedAfter()).former).toBe(0)
  over.abort()
  await load
  expect(failures).toEqual([])
  const { stdout } = await keys('rotate', 'acme')
  expect(stdout).toContain('no rotation is under way')
  return calls
}
