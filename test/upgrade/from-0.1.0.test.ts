import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type RecordingGateway, startRecordingGateway } from '../support/recording-gateway.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

/** What version 0.1.0 left behind on a machine: it served some calls, ended a session and a user's sessions, and was stopped. */
const left = resolve(import.meta.dirname, '0.1.0')

/** Whose digests stand in the hash ring. */
const agent = 'billing-agent-credential-of-0.1.0-0123456789'
const backend = 'app-backend-credential-of-0.1.0-0123456789'

const keyOf = { acme: 'sk-kept-from-version-0-1-0-acme', globex: 'sk-kept-from-version-0-1-0-globex' }

/** `counted` has used two of its three calls. `ended` was ended, and so were all sessions of the user of `ofEndedUser`. */
const sessions = JSON.parse(readFileSync(join(left, 'sessions.json'), 'utf8')) as Record<
  'counted' | 'free' | 'ended' | 'ofEndedUser',
  string
>

const Database = createRequire(resolve(import.meta.dirname, '../../packages/stores/package.json'))('libsql') as new (
  file: string,
) => { exec(sql: string): unknown; close(): void }

let cwd: string
let gateway: RecordingGateway
let running: RunningPostern | undefined

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-upgrade-'))
  gateway = await startRecordingGateway()
  const configuration = readFileSync(join(left, 'postern.yaml'), 'utf8')
  writeFileSync(join(cwd, 'postern.yaml'), configuration.replace('http://127.0.0.1:9999/v1', gateway.baseURL))
  copyFileSync(join(left, 'variables'), join(cwd, '.env'))
  writeFileSync(join(cwd, 'globex'), `${keyOf.globex}\n`)
  const database = new Database(join(cwd, 'postern.db'))
  database.exec(readFileSync(join(left, 'store.sql'), 'utf8'))
  database.close()
})
afterEach(async () => {
  await stop()
  await gateway.close()
  rmSync(cwd, { recursive: true })
})

async function stop(): Promise<void> {
  running?.child.kill('SIGTERM')
  await running?.finished
  running = undefined
}

/** Gives the base of its API. */
async function start(): Promise<string> {
  running = startPostern(['start'], { cwd })
  return (await running.prints(/"url":"([^"]+)"/))[1] as string
}

function call(url: string, credential: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const body = JSON.stringify({ model: 'auto', max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] })
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json', ...headers },
    body,
  })
}

const codeOf = (answer: Response): string | null => answer.headers.get('postern-refusal')

const statusOf = async (answer: Promise<Response>): Promise<number> => (await answer).status

describe('what version 0.1.0 left behind', () => {
  test('has a configuration in which `postern check` finds no problem', async () => {
    const { code, stderr } = await runInProcess(['check'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test('is served with the same keys for the same callers', async () => {
    const url = await start()
    expect(await statusOf(call(url, sessions.free))).toBe(200)
    expect(await statusOf(call(url, agent))).toBe(200)
    expect(await statusOf(call(url, backend, { 'Postern-Act-As': 'user=u_7, project=labs' }))).toBe(200)
    expect(gateway.keys).toEqual([keyOf.acme, keyOf.acme, keyOf.globex])
  })

  test('ended sessions that stay ended, also after a second start', async () => {
    for (let starts = 0; starts < 2; starts += 1) {
      const url = await start()
      for (const session of [sessions.ended, sessions.ofEndedUser]) expect(codeOf(await call(url, session))).toBe('caller_revoked')
      await stop()
    }
    expect(gateway.keys).toEqual([])
  })

  test('counted calls of a session that count on', async () => {
    const url = await start()
    expect(await statusOf(call(url, sessions.counted))).toBe(200)
    expect(codeOf(await call(url, sessions.counted))).toBe('budget_exhausted')
    await stop()
    const again = await start()
    expect(codeOf(await call(again, sessions.counted))).toBe('budget_exhausted')
    expect(gateway.keys).toEqual([keyOf.acme])
  })
})
