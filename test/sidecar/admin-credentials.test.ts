import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askAdmin } from '../support/ask-admin.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, startPostern } from '../support/run-postern.js'

const made = () => randomBytes(32).toString('base64url')
const [ops, ci, minter] = [made(), made(), made()]
const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: made(), ADMIN: made() }
const hashed = (credential: string, ...roles: readonly string[]) => ({ hash: hash('sha256', credential), roles })

let cwd: string
let running: RunningPostern | undefined
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-credentials-'))
})
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.finished
  rmSync(cwd, { recursive: true })
})

function configure(credentials: object | undefined, further: object = {}): void {
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock', ...(credentials === undefined ? {} : { credentials }), ...further },
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    store: { memory: true },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
}

async function start(): Promise<RunningPostern> {
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  await running.prints(/"msg":"listening"/)
  return running
}

const reload = (credential?: string): Promise<Finished> =>
  runInProcess(['reload', '--config', 'postern.json'], {
    cwd,
    env: credential === undefined ? {} : { POSTERN_ADMIN_CREDENTIAL: credential },
  })

const revoke = async (credential?: string): Promise<number> =>
  (await askAdmin({ socketPath: join(cwd, 'admin.sock') }, 'POST /admin/v1/revocations', { body: { user: 'ada' }, credential })).status

describe('admin.credentials in a running sidecar', () => {
  test('are replaced by a reload at once: one that left is refused, a new one is good, and what it lets through is named', async () => {
    configure({ ops: hashed(ops, 'config'), minter: hashed(minter, 'sessions') })
    await start()
    expect([await revoke(minter), await revoke(ci)]).toEqual([201, 401])
    configure({ ops: hashed(ops, 'config'), ci: hashed(ci, 'sessions') })
    const { code, stdout } = await reload(ops)
    expect([code, stdout]).toEqual([0, expect.stringMatching(/admin\.credentials\.ci\s+added, may let more through/)])
    expect([await revoke(minter), await revoke(ci)]).toEqual([401, 201])
  })

  test('are asked for on a socket too, unless there are none and no secret; a reload cannot change that', async () => {
    configure({ ops: hashed(ops, 'config') })
    await start()
    expect([await revoke(), await revoke(ops)]).toEqual([401, 403])
    configure(undefined)
    const { code, stderr } = await reload(ops)
    expect([code, stderr]).toEqual([1, expect.stringContaining('admin.credentials: cannot change while Postern runs')])
    expect(await revoke()).toBe(401)
  })

  test('stand beside admin.secret, which is good for everything, and may come and go beside it', async () => {
    configure(undefined, { secret: { env: 'ADMIN' } })
    const { child } = await start()
    expect([await revoke(env.ADMIN), await revoke(minter)]).toEqual([201, 401])
    configure({ minter: hashed(minter, 'sessions') }, { secret: { env: 'ADMIN' } })
    child.kill('SIGHUP')
    await expect.poll(() => revoke(minter)).toBe(201)
    expect(await revoke(env.ADMIN)).toBe(201)
    configure(undefined, { secret: { env: 'ADMIN' } })
    expect((await reload(env.ADMIN)).code).toBe(0)
    expect(await revoke(minter)).toBe(401)
  })

  test('are named in the log by who ended sessions, and never written there themselves', async () => {
    configure({ minter: hashed(minter, 'sessions') })
    const { prints, stdout } = await start()
    expect(await revoke(minter)).toBe(201)
    const [line] = await prints(/\{[^\n]*"msg":"session_ended"[^\n]*\}/)
    expect(JSON.parse(line)).toMatchObject({ kind: 'user', name: 'ada', via: 'admin', by: 'minter' })
    expect(stdout()).not.toContain(minter)
  })
})

describe('postern reload', () => {
  test('presents the credential of POSTERN_ADMIN_CREDENTIAL, also from .env, and says which role or variable is missing', async () => {
    configure({ ops: hashed(ops, 'config'), minter: hashed(minter, 'sessions') })
    await start()
    expect(await reload()).toMatchObject({ code: 1, stderr: expect.stringContaining('POSTERN_ADMIN_CREDENTIAL') })
    expect(await reload(minter)).toMatchObject({ code: 1, stderr: expect.stringContaining('"minter" lacks the role "config"') })
    expect(await reload('two words')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^POSTERN_ADMIN_CREDENTIAL holds something other/),
    })
    expect((await reload(ops)).code).toBe(0)
    writeFileSync(join(cwd, '.env'), `POSTERN_ADMIN_CREDENTIAL=${ops}\n`)
    expect((await reload()).code).toBe(0)
  })

  test('says in its help how the credential is given', async () => {
    expect((await runInProcess(['reload', '--help'])).stdout).toContain('POSTERN_ADMIN_CREDENTIAL')
  })
})
