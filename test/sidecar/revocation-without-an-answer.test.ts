import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askAdmin } from '../support/ask-admin.js'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'
import { findProgram } from '../support/programs.js'
import { prepareRedis, type RedisServer } from '../support/redis-server.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

describe.each([
  ['redis', 'redis-server', () => prepareRedis()],
  ['postgres', 'postgresql', () => preparePostgres()],
] as const)('in store.%s', (name, program, prepare) => {
  describe.skipIf(findProgram(program) === undefined)('with its server', { timeout: 30_000 }, () => {
    let cwd: string
    let server: RedisServer | PostgresServer
    let running: RunningPostern
    beforeEach(async () => {
      cwd = mkdtempSync(join(tmpdir(), 'postern-unknown-'))
      server = await prepare()
      await server.start()
      const config = {
        version: 1,
        listen: { port: 0 },
        admin: { socket: './postern.sock' },
        audit: { file: './audit.jsonl' },
        gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { session: { secret: { env: 'SESSION' } } },
        store: { [name]: { env: 'STORE' } },
      }
      writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
      const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: 'a session secret of more than 32 characters', STORE: server.url }
      running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
      await running.prints(/"msg":"listening"/)
    }, 60_000)
    afterEach(async () => {
      running.child.kill('SIGKILL')
      await running.finished
      await server.close()
      rmSync(cwd, { recursive: true })
    })

    const revoke = (user: string) => askAdmin({ socketPath: join(cwd, 'postern.sock') }, 'POST /admin/v1/revocations', { body: { user } })
    const lines = (): readonly Record<string, unknown>[] =>
      readFileSync(join(cwd, 'audit.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>)

    test('a revocation that the store gave no answer about is unknown in the audit, and done there and in the log once it is seen', async () => {
      expect((await revoke('bob')).status).toBe(201)
      server.pause()
      const { status, headers } = await revoke('ada')
      const line = { what: 'session_revoked', kind: 'user', name: 'ada', request_id: headers['x-request-id'] }
      expect([status, lines().slice(2)]).toMatchObject([
        503,
        [
          { ...line, result: 'begun' },
          { ...line, result: 'unknown' },
        ],
      ])
      server.resume()
      const [ended] = await running.prints(/\{(?=[^\n]*"session_ended")[^\n]*"ada"[^\n]*\}/)
      expect(JSON.parse(ended)).toMatchObject({ kind: 'user', name: 'ada', via: 'admin', by: 'admin', request_id: line.request_id })
      await expect.poll(() => lines().slice(4)).toMatchObject([{ ...line, result: 'done' }])
    })

    test('a revocation that never reached the store has failed', async () => {
      await server.stop()
      expect((await revoke('ada')).status).toBe(503)
      expect(lines().map(({ result }) => result)).toEqual(['begun', 'failed'])
    })
  })
})
