import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessionMinter, type MintedSession } from '@postern/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HoldingGateway, startHoldingGateway } from '../support/holding-gateway.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram, type Program } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'
import { type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'
import { timed } from '../support/stopwatch.js'

const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: 'a session secret of more than 32 characters' }
const minter = createSessionMinter({ secret: env.SESSION })
const running: RunningPostern[] = []
const closing: (() => Promise<unknown>)[] = []

let cwd: string
let gateway: HoldingGateway
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-revoked-'))
  gateway = await startHoldingGateway()
})
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map(({ finished }) => finished))
  for (const close of closing.splice(0)) await close()
  await gateway.close()
  rmSync(cwd, { recursive: true })
})

interface Started {
  readonly postern: RunningPostern
  readonly file: string
  readonly socket: string
  readonly url: string
}

async function start(name: string, store: object): Promise<Started> {
  const file = join(cwd, `${name}.json`)
  const socket = join(cwd, `${name}.sock`)
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket },
    gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL, attempts: 1 } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    store,
  }
  writeFileSync(file, JSON.stringify(config))
  const postern = startPostern(['start', '--config', file], { cwd, env })
  running.push(postern)
  const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
  return { postern, file, socket, url }
}

function call({ url }: Started, { token }: MintedSession, model: string): Promise<Response> {
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [], stream: model === 'stream' }),
  })
}

/** What arrived of a body until it ended or broke off. */
async function endOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) text += decoder.decode(piece, { stream: true })
  } catch {
    // It was cut.
  }
  return text
}

function revokeByAdmin({ socket }: Started, body: object): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, path: '/admin/v1/revocations', method: 'POST' }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.on('error', reject)
    asked.end(JSON.stringify(body))
  })
}

function revokeByCommand({ file }: Started, ...whom: string[]): Promise<number | null> {
  return runPostern(['session', 'revoke', '--config', file, ...whom], { cwd, env }).then(({ code }) => code)
}

function revokeByItself({ url }: Started, { token }: MintedSession): Promise<number> {
  return fetch(new URL('/ai/session', url), { method: 'DELETE', headers: { authorization: `Bearer ${token}` } }).then(
    ({ status }) => status,
  )
}

/** Lines of the log about calls of the API. */
function callsIn({ postern }: Started): readonly Record<string, unknown>[] {
  const lines = postern.stdout().match(/^\{.*"msg":"request".*\}$/gm) ?? []
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ path }) => path === '/v1/chat/completions')
}

/** Called as soon as a revocation was answered: within a second of it, each of the processes has ended its streams. */
async function expectAllEnded(streams: readonly Promise<string>[], ...processes: readonly Started[]): Promise<void> {
  const { result: texts, ms } = await timed(Promise.all(streams), ...pidsOf(processes))
  for (const text of texts) expect(text).toMatch(/begun[^]*"code":"caller_revoked"[^]*: postern .*"finish":"cut_revoked"/)
  expect(ms).toBeLessThan(1000)
}

function pidsOf(processes: readonly Started[]): readonly number[] {
  return processes.map(({ postern }) => postern.child.pid as number)
}

describe('a stream of a session that is revoked', () => {
  test('ends within a second of the command, the admin API or the session itself; its line in the log says why', async () => {
    const here = await start('here', { sqlite: './postern.db' })
    const sessions = await Promise.all(['ada', 'bob', 'eve', 'kim'].map((user) => minter.mint({ user, team: 'acme' })))
    const [ada, bob, eve, kim] = sessions as [MintedSession, MintedSession, MintedSession, MintedSession]
    const streams = await Promise.all(sessions.map((session) => call(here, session, 'stream')))
    const [ofAda, ofBob, ofEve, ofKim] = streams.map(endOf) as [ReturnType<typeof endOf>, ...ReturnType<typeof endOf>[]]

    expect(await revokeByCommand(here, '--user', 'ada')).toBe(0)
    await expectAllEnded([ofAda], here)
    expect(await revokeByAdmin(here, { id: bob.id })).toBe(201)
    await expectAllEnded([ofBob as typeof ofAda], here)
    expect(await revokeByItself(here, eve)).toBe(204)
    await expectAllEnded([ofEve as typeof ofAda], here)
    await expect.poll(() => gateway.left.length).toBe(3)

    gateway.finish()
    expect(await (ofKim as typeof ofAda)).toMatch(/"finish":"complete"[^]*\[DONE\]/)
    await expect.poll(() => callsIn(here).length).toBe(4)
    const ended = (caller: MintedSession, line: object) => ({ caller: `session:${caller.id}`, status: 200, ...line })
    const cut = { finish: 'cut_revoked', code: 'caller_revoked' }
    expect(callsIn(here)).toMatchObject([ended(ada, cut), ended(bob, cut), ended(eve, cut), ended(kim, { finish: 'complete' })])
  })

  describe.each<[store: 'redis' | 'postgres', program: Program, prepare: () => Promise<RedisServer | PostgresServer>]>([
    ['redis', 'redis-server', () => prepareRedis()],
    ['postgres', 'postgresql', () => preparePostgres()],
  ])('in processes that share one store, store.%s', (name, program, prepare) => {
    test.skipIf(findProgram(program) === undefined)(
      'ends within a second in each of them, and so does a call that waits',
      { timeout: 60_000 },
      async () => {
        const server = await prepare()
        closing.push(() => server.close())
        await server.start()
        const [here, there] = [await start('here', { [name]: server.url }), await start('there', { [name]: server.url })]
        const [ada, bob] = [await minter.mint({ user: 'ada', team: 'acme' }), await minter.mint({ user: 'bob', team: 'acme' })]
        const streams = await Promise.all([call(here, ada, 'stream'), call(there, ada, 'stream'), call(there, bob, 'stream')])
        const waiting = call(there, ada, 'silent')
        await expect.poll(() => gateway.seen.length).toBe(4)
        const [ofHere, ofThere, ofBob] = streams.map(endOf) as [
          ReturnType<typeof endOf>,
          ReturnType<typeof endOf>,
          ReturnType<typeof endOf>,
        ]

        expect(await revokeByAdmin(here, { user: 'ada' })).toBe(201)
        const waited = timed(waiting, ...pidsOf([here, there]))
        await expectAllEnded([ofHere, ofThere], here, there)
        const { result: answer, ms } = await waited
        expect(ms).toBeLessThan(1000)
        expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([401, 'caller_revoked'])

        expect(await revokeByCommand(here, '--team', 'acme')).toBe(0)
        await expectAllEnded([ofBob], here, there)
        await expect.poll(() => gateway.left.length).toBe(4)
      },
    )
  })
})
