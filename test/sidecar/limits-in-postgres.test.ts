import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

const answer = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
})

describe.skipIf(findProgram('postgresql') === undefined)(
  'two processes on one PostgreSQL, and on nothing else',
  { timeout: 180_000 },
  () => {
    let cwd: string
    let postgres: PostgresServer
    let gateway: Server
    let baseURL: string
    let seen: number
    let running: readonly RunningPostern[]
    let env: Record<string, string>

    beforeEach(async () => {
      cwd = mkdtempSync(join(tmpdir(), 'postern-postgres-'))
      postgres = await preparePostgres({ password: hash('sha256', 'of this test') })
      await postgres.start()
      seen = 0
      running = []
      gateway = createServer((request, response) => {
        seen += 1
        request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer))
      })
      baseURL = `${await listenAnywhere(gateway)}/v1`
      env = {
        KEY: 'sk-0123456789abcdef0123',
        SESSION: 'a session secret of more than 32 characters',
        RING: `agent:${hash('sha256', 'the credential of an agent')}`,
        POSTGRES_URL: postgres.url,
      }
    }, 60_000)

    afterEach(async () => {
      for (const { child, finished } of running) {
        child.kill('SIGKILL')
        await finished
      }
      gateway.closeAllConnections()
      gateway.close()
      await postgres.close()
      rmSync(cwd, { recursive: true })
    })

    async function start(requests: number): Promise<readonly string[]> {
      const config = {
        version: 1,
        listen: { port: 0 },
        replicas: 2,
        gateways: { main: { dialect: 'openai', baseURL } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: {
          session: { secret: { env: 'SESSION' } },
          service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } },
        },
        store: { postgres: { env: 'POSTGRES_URL' } },
        ledger: { keep: '30d' },
        connections: { underWay: 1000 },
        limits: { rules: [{ name: 'ever', requests }] },
      }
      writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
      running = [0, 1].map(() => startPostern(['start', '--config', 'postern.json'], { cwd, env }))
      return Promise.all(running.map(async (each) => (await each.prints(/"url":"([^"]+)"/))[1] as string))
    }

    async function call(url: string, credential = 'the credential of an agent'): Promise<string> {
      const told = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
      })
      const { error } = (await told.json()) as { error?: { code: string } }
      return error === undefined ? String(told.status) : `${told.status} ${error.code}`
    }

    async function query<Found extends pg.QueryResultRow>(text: string): Promise<readonly Found[]> {
      const client = new pg.Client({ connectionString: postgres.url })
      await client.connect()
      try {
        return (await client.query<Found>(text)).rows
      } finally {
        await client.end()
      }
    }

    const count = (answers: readonly string[]): Readonly<Record<string, number>> => {
      const counts: Record<string, number> = {}
      for (const each of answers) counts[each] = (counts[each] ?? 0) + 1
      return counts
    }

    const rowsOfLedger = async (): Promise<number> =>
      (await query<{ rows: number }>('SELECT count(*)::integer AS rows FROM postern.calls'))[0]?.rows ?? 0

    /** What is set aside for calls of which nobody heard whether it was: on a busy machine, the database may answer too late. */
    const heldForNobody = async (): Promise<number> =>
      (await query<{ count: number }>('SELECT count(*)::integer AS count FROM postern.reservations'))[0]?.count ?? 0

    test('let exactly 1,000 of 1,400 calls of 200 callers through, and each of the calls is in the ledger', async () => {
      const urls = await start(1000)
      const answers: string[] = []
      const callOften = async (index: number): Promise<void> => {
        for (let passed = 0; passed < 7; ) {
          const answered = await call(urls[(index + passed) % 2] as string)
          answers.push(answered)
          // What a machine that is busy with other things refuses is called again.
          if (!answered.startsWith('5')) passed += 1
        }
      }
      await Promise.all(Array.from({ length: 200 }, (_, index) => callOften(index)))
      await expect
        .poll(async () => [await query('SELECT booked::integer FROM postern.windows'), seen + (await heldForNobody())], { timeout: 40_000 })
        .toEqual([[{ booked: seen }], 1000])
      const { 200: answered = 0, '402 budget_exhausted': exhausted = 0 } = count(answers)
      expect(answered + exhausted).toBe(1400)
      expect(answered).toBeLessThanOrEqual(seen)
      await expect.poll(rowsOfLedger).toBe(answers.length)
      const usage = await runPostern(['usage', '--config', 'postern.json', '--by', 'team,model', '--json'], { cwd, env })
      expect([usage.stderr, usage.code]).toEqual(['', 0])
      expect((JSON.parse(usage.stdout) as { total: unknown }).total).toMatchObject({
        calls: answers.length,
        input: 3 * answered,
        output: answered,
      })
      for (const each of running) expect((each.stdout() + each.stderr()).includes(hash('sha256', 'of this test'))).toBe(false)
    })

    test('refuse with 503 while the database is killed, hangs or starts, then go on; nothing is charged twice and no row is lost', async () => {
      const urls = await start(1_000_000)
      const minted = await runInProcess(['session', 'mint', '--config', 'postern.json', '--team', 'acme', '--json'], { cwd, env })
      const { token } = JSON.parse(minted.stdout) as { token: string }
      const answers: string[] = []
      const state = { isOver: false }
      const callers = Array.from({ length: 40 }, async (_, index) => {
        while (!state.isOver) {
          answers.push(await call(urls[index % 2] as string, index < 10 ? token : undefined))
          await sleep(20)
        }
      })
      const goesOn = async (): Promise<void> => {
        const before = answers.length
        await expect.poll(() => answers.slice(before).filter((each) => each === '200').length, { timeout: 20_000 }).toBeGreaterThan(40)
      }
      const isRefused = async (): Promise<void> => {
        const before = answers.length
        await expect
          .poll(() => answers.slice(before).filter((each) => each === '503 store_unavailable').length, { timeout: 20_000 })
          .toBeGreaterThan(40)
      }
      await goesOn()
      await postgres.stop()
      await isRefused()
      await postgres.start()
      await goesOn()
      postgres.pause()
      await isRefused()
      postgres.resume()
      await goesOn()
      await postgres.shutDown()
      await isRefused()
      await postgres.start()
      await goesOn()
      state.isOver = true
      await Promise.all(callers)

      const counts = count(answers)
      expect(Object.keys(counts)).toEqual(expect.arrayContaining(['200', '503 store_unavailable']))
      expect(counts['200']).toBeLessThanOrEqual(seen)
      for (const each of running) {
        const told = [...each.stdout().matchAll(/"msg":"((?:store|ledger)_\w+)"/g)].map(([, message]) => message)
        expect(told).toEqual(
          expect.arrayContaining(['store_unavailable', 'store_available_again', 'ledger_unavailable', 'ledger_available_again']),
        )
        expect(told).not.toContain('ledger_rows_lost')
        expect((each.stdout() + each.stderr()).includes(hash('sha256', 'of this test'))).toBe(false)
      }
      await expect.poll(rowsOfLedger, { timeout: 30_000 }).toBe(answers.length)
      // What could not be booked at once is booked within 20 seconds. What nobody heard an answer about is held until its lease ends.
      await expect
        .poll(() => query('SELECT booked::integer FROM postern.windows'), { timeout: 40_000, interval: 500 })
        .toEqual([{ booked: seen }])
      expect(await query('SELECT held::integer FROM postern.windows')).toEqual([{ held: await heldForNobody() }])
    })
  },
)
