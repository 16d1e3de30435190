import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askAdmin } from '../support/ask-admin.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const made = () => randomBytes(32).toString('base64url')
const [ops, ofAcme, minter] = [made(), made(), made()]
const hashed = (credential: string, more: object) => ({ hash: hash('sha256', credential), ...more })

interface Told {
  readonly error?: { readonly code: string; readonly message: string }
  readonly limits?: readonly Readonly<Record<string, unknown>>[]
  readonly rows?: readonly Readonly<Record<string, unknown>>[]
  readonly calls?: readonly Readonly<Record<string, unknown>>[]
  readonly total?: unknown
}

let cwd: string
let emulator: Emulator
let running: RunningPostern
let call: (label: string, model: string, headers?: Readonly<Record<string, string>>) => Promise<number>

const ask = async (path: string, credential: string): Promise<{ readonly status: number; readonly body: Told }> => {
  const { status, body } = await askAdmin({ socketPath: join(cwd, 'admin.sock') }, `GET /admin/v1/${path}`, { credential })
  return { status, body }
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-told-'))
  const key = issueKey('joytoken')
  emulator = await startEmulator('joytoken', { keys: [key] })
  const config = {
    version: 1,
    listen: { port: 0 },
    ledger: { keep: '30d' },
    admin: {
      socket: './admin.sock',
      credentials: {
        ops: hashed(ops, { roles: ['read'] }),
        'acme-dashboard': hashed(ofAcme, { roles: ['read'], team: 'acme' }),
        minter: hashed(minter, { roles: ['sessions'] }),
      },
    },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { shared: { gateway: 'main', secret: { env: 'KEY' }, shared: true } },
    bindings: [
      { team: 'acme', key: 'shared' },
      { team: 'globex', key: 'shared' },
    ],
    callers: { service: { hashes: { env: 'RING' }, principals: { a: { team: 'acme', user: 'ada' }, b: { team: 'globex', user: 'bob' } } } },
    policies: { rules: [{ team: 'globex', require: ['workflow'] }] },
    limits: {
      rules: [
        { name: 'each-team', each: 'team', per: 'month', requests: 10 },
        { name: 'of-all', per: 'month', requests: 1000 },
        { name: 'of-a-run', each: 'workflow', requests: 5 },
        { name: 'wallet', team: 'globex', per: 'month', spend: '5 EUR' },
      ],
      prices: './prices.yaml',
    },
  }
  writeFileSync(
    join(cwd, 'prices.yaml'),
    JSON.stringify({
      version: 'test',
      prices: [{ gateway: 'main', model: 'priced', unit: 'EUR', perMillion: { input: '1', output: '2' } }],
    }),
  )
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  const ring = ['a', 'b'].map((label) => `${label}:${hash('sha256', `credential of ${label}`)}`).join(',')
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env: { KEY: key.secret, RING: ring } })
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
  call = async (label, model, headers = {}) => {
    const answer = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer credential of ${label}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'one two three' }] }),
    })
    await answer.text()
    return answer.status
  }
  expect(await call('a', 'auto', { 'x-workflow-id': 'run' })).toBe(200)
  expect(await call('a', 'auto')).toBe(200)
  expect(await call('b', 'priced', { 'x-workflow-id': 'run' })).toBe(200)
  // Rows wait 50 ms at most.
  while ((await ask('usage?by=', ops)).body.rows?.[0]?.['calls'] !== 3) await new Promise(setImmediate)
})
afterAll(async () => {
  running.child.kill()
  await running.finished
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

describe('GET /admin/v1/usage', () => {
  test('answers as `postern usage --json` does, with the same questions', async () => {
    const { body } = await ask('usage?by=team,model&since=1d', ops)
    const { stdout } = await runInProcess(['usage', '--config', 'postern.json', '--by', 'team,model', '--since', '1d', '--json'], { cwd })
    expect(body).toEqual(JSON.parse(stdout.replaceAll('\n', '')))
    expect(body.rows?.map(({ team, calls }) => [team, calls])).toEqual([
      ['acme', 2],
      ['globex', 1],
    ])
  })

  test.each([
    'usage?by=nothing',
    'usage?since=yesterday',
    'usage?team=acme&team=globex',
    'usage?teem=acme',
    'usage/workflows/a%20b',
    'usage?user=%0a',
  ])('%s is refused with words that say what is wrong', async (path) => {
    const { status, body } = await ask(path, ops)
    expect([status, body.error?.code]).toEqual([400, 'request_malformed'])
  })

  test('needs the role read', async () => {
    for (const path of ['usage', 'usage/workflows/run', 'limits?team=acme']) expect((await ask(path, minter)).status).toBe(403)
  })
})

describe('a credential of one team', () => {
  test('is told of its own team alone, whatever it asks for', async () => {
    const { body } = await ask('usage?by=team', ofAcme)
    expect(body.rows?.map(({ team, calls }) => [team, calls])).toEqual([['acme', 2]])
    const run = await ask('usage/workflows/run', ofAcme)
    expect([run.body.total, run.body.calls?.map(({ team }) => team)]).toEqual([1, ['acme']])
    expect((await ask('usage/workflows/run', ops)).body.total).toBe(2)
  })

  test.each(['usage?team=globex', 'usage?team=', 'usage/workflows/run?team=globex', 'limits?team=globex', 'readiness'])(
    'is refused %s',
    async (path) => {
      const { status, body } = await ask(path, ofAcme)
      expect([status, body.error?.code]).toEqual([403, 'endpoint_not_allowed'])
    },
  )

  test('is not told what others have spent under the same limit', async () => {
    const { body } = await ask('limits', ofAcme)
    expect(body.limits?.map(({ name, left }) => [name, left])).toEqual([
      ['each-team', 8],
      ['of-all', undefined],
      ['of-a-run', undefined],
    ])
  })
})

describe('GET /admin/v1/limits', () => {
  test('tells each limit that counts a caller, with what is booked and left; of a workflow if one is named', async () => {
    const { body } = await ask('limits?team=acme&user=ada&workflow=run', ops)
    expect(body.limits).toEqual([
      expect.objectContaining({ path: 'limits.rules[0]', name: 'each-team', unit: 'requests', booked: 2, held: 0, left: 8, each: 'team' }),
      expect.objectContaining({ name: 'of-all', booked: 3, left: 997 }),
      expect.objectContaining({ name: 'of-a-run', booked: 1, left: 4 }),
    ])
    const unnamed = await ask('limits?team=acme', ops)
    expect(unnamed.body.limits?.at(-1)).not.toHaveProperty('left')
  })
})

describe('postern explain beside a running sidecar', () => {
  const explain = (...args: readonly string[]) =>
    runInProcess(['explain', '--config', 'postern.json', ...args], {
      cwd,
      env: { KEY: 'sk_unused', RING: `a:${'0'.repeat(64)}`, POSTERN_ADMIN_CREDENTIAL: ops },
    })

  test('shows each limit with what is left', async () => {
    const { code, stdout } = await explain('--team', 'acme', '--model', 'auto', '--workflow', 'run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/limit each-team[\s│]+10 requests a month, each team; 8 left, all again in \d+ (?:days|h|min|s)\b/)
    expect(stdout).toMatch(/limit of-a-run[\s│]+5 requests, each workflow; 4 left/)
    expect(stdout).toMatch(/limit of-all[\s│]+1000 requests a month, all calls together; 997 left/)
  })

  test('says whose calls a limit counts that is for a team alone', async () => {
    const { stdout } = await explain('--team', 'globex', '--model', 'priced', '--workflow', 'run')
    expect(stdout).toMatch(/limit wallet[\s│]+5 EUR a month, all calls of team globex together; [0-9.]+ left/)
    const { body } = await ask('limits?team=globex', ops)
    expect(body.limits?.find(({ name }) => name === 'wallet')).toMatchObject({ of: { team: 'globex' }, limit: 5 })
  })

  test('refuses what the limits would refuse: a model without a price, and a call without the tags that are demanded', async () => {
    const untagged = await explain('--team', 'globex', '--model', 'priced')
    expect([untagged.code, untagged.stdout]).toEqual([1, expect.stringContaining('400 tag_invalid')])
    const unpriced = await explain('--team', 'globex', '--model', 'never-heard-of', '--workflow', 'run')
    expect([unpriced.code, unpriced.stdout]).toEqual([1, expect.stringContaining('400 ceiling_required')])
    expect((await explain('--team', 'globex', '--model', 'priced', '--workflow', 'run')).code).toBe(0)
  })

  test('says that what is left is not known where the sidecar refuses to tell', async () => {
    const { code, stdout } = await runInProcess(['explain', '--config', 'postern.json', '--team', 'acme'], {
      cwd,
      env: { KEY: 'sk_unused', RING: `a:${'0'.repeat(64)}` },
    })
    expect([code, stdout]).toEqual([0, expect.stringMatching(/what is left[\s│]+not known: the sidecar answered with 401/)])
  })

  test('refuses what a limit has nothing left for, with the name of the limit and the code that a call gets', async () => {
    // Two calls of ten are booked already.
    for (let left = 8; left > 0; left -= 1) expect(await call('a', 'auto')).toBe(200)
    expect(await call('a', 'auto')).toBe(429)
    const { code, stdout } = await explain('--team', 'acme', '--model', 'auto')
    expect([code, stdout]).toEqual([1, expect.stringContaining('429 rate_limited')])
    expect(stdout).toMatch(/The limit "each-team" \(limits\.rules\[0\]\) has nothing left: it is used up\./)
    const asJson = JSON.parse((await explain('--team', 'acme', '--model', 'auto', '--json')).stdout) as { readonly outcome: string }
    expect(asJson).toMatchObject({ outcome: 'refused', refusal: { code: 'rate_limited', status: 429 } })
  })

  test('says which service callers there are, if nobody has the label that is asked for', async () => {
    const { code, stderr } = await explain('--service', 'nobody-we-know')
    expect([code, stderr]).toEqual([1, expect.stringContaining('no service caller has this label. There are a, b;')])
  })
})
