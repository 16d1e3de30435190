import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHashRing } from '@postern/config'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { runPostern } from '../support/run-postern.js'

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-commands-'))
  writeFileSync(join(cwd, 'postern.yaml'), config)
  writeFileSync(
    join(cwd, '.env'),
    `JOY_KEY_ACME=jt_0123456789\nPOSTERN_SESSION_SECRET=${'s'.repeat(40)}\nGATEWAY_API_KEY_HASHES=agent:${hash('sha256', 'x y')}\n`,
  )
})
afterAll(() => rmSync(cwd, { recursive: true }))

const config = `
version: 1
gateways:
  main: { dialect: joytoken }
keys:
  acme: { gateway: main, secret: { env: JOY_KEY_ACME } }
bindings:
  - { team: acme, key: acme }
callers:
  session: { secret: { env: POSTERN_SESSION_SECRET } }
  service: { hashes: { env: GATEWAY_API_KEY_HASHES }, principals: { agent: { user: svc, team: acme } } }
policies:
  rules:
    - { team: acme, models: [auto, openai/*] }
`

describe('postern --help', () => {
  test.each([
    [[]],
    [['start']],
    [['demo']],
    [['check']],
    [['explain']],
    [['callers']],
    [['callers', 'add']],
    [['session', 'mint']],
    [['emulate']],
  ])('teaches: %j', async (words) => {
    const { code, stdout } = await runInProcess([...words, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Usage: postern/)
  })

  test('is shown, with exit code 2, to whoever uses it wrongly', async () => {
    for (const words of [
      ['nonsense'],
      ['start', '--port', '1'],
      ['callers', 'add'],
      ['demo', '--port', 'x'],
      ['demo', '--dialect', 'none'],
    ]) {
      const { code, stderr } = await (words[0] === 'nonsense' ? runPostern(words) : runInProcess(words))
      expect([words, code]).toEqual([words, 2])
      expect(stderr).toMatch(/error:/)
    }
  })
})

describe('postern check', () => {
  test('says that a configuration is good, reading .env beside it', async () => {
    expect(await runPostern(['check'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  })

  test('and start refuse a bad one with all problems at once, and exit 1', async () => {
    const bad = join(cwd, 'bad.yaml')
    writeFileSync(
      bad,
      config
        .replace('JOY_KEY_ACME', 'MISSING')
        .replace('bindings:\n', 'bindings:\n  - { team: acme, key: acme }\n')
        .replace('policies', 'polices'),
    )
    for (const command of ['check', 'start']) {
      const { code, stderr } = await runPostern([command, '--config', bad], { cwd })
      expect(code).toBe(1)
      expect(stderr).toContain('has 3 problems')
      expect(stderr).toContain('keys.acme.secret: points to the environment variable MISSING, which is not set. Set MISSING')
      expect(stderr).toContain('bindings[1]: is for the same caller as bindings[0]')
      expect(stderr).toContain('polices: is not a setting. Did you mean "policies"?')
    }
    const { stdout } = await runInProcess(['check', '--json', '--config', bad], { cwd })
    expect((JSON.parse(stdout) as { problems: unknown[] }).problems).toHaveLength(3)
  })

  test('says where a file is not YAML, and when there is none', async () => {
    writeFileSync(join(cwd, 'broken.yaml'), 'version: 1\nkeys: { a: 1\n')
    expect((await runInProcess(['check', '--config', 'broken.yaml'], { cwd })).stderr).toMatch(/line \d/)
    expect(await runInProcess(['check', '--config', 'nowhere.yaml'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no configuration') as string,
    })
  })

  test('refuses a setting that stands in the file twice', async () => {
    writeFileSync(join(cwd, 'twice.yaml'), `${config}\nversion: 1\n`)
    expect(await runInProcess(['check', '--config', 'twice.yaml'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unique') as string,
    })
  })
})

describe('postern explain', () => {
  test('says which key a caller gets, why, and where the request would go', async () => {
    const { code, stdout } = await runPostern(['explain', '--user', 'u_7', '--team', 'acme', '--model', 'openai/gpt-4o', '--json'], { cwd })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'forwarded',
      key: 'acme',
      binding: 'team=acme',
      url: 'https://api.joytokens.ai/openai/v1/chat/completions',
      limits: { models: [['auto', 'openai/*']], max_body_bytes: 8 * 1024 * 1024, choices: {} },
    })
  })

  test('says where the catalogue of models is, which lies beside the API', async () => {
    const { stdout } = await runInProcess(['explain', '--team', 'acme', '--method', 'GET', '--path', '/v1/models', '--json'], { cwd })
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'forwarded', url: 'https://api.joytokens.ai/api/v1/models' })
  })

  test('says what policy chooses', async () => {
    const choosing = config
      .replace('joytoken', 'mintoken')
      .replace('secret: { env: JOY_KEY_ACME }', 'secret: { env: JOY_KEY_ACME }, providerSecret: { env: JOY_KEY_ACME }')
    writeFileSync(join(cwd, 'choosing.yaml'), choosing.replace('policies:', 'policies:\n  choices: { intensity: lite }'))
    const { stdout, stderr } = await runInProcess(['explain', '--team', 'acme', '--model', 'auto', '--config', 'choosing.yaml'], { cwd })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/intensity\s+.*lite/)
  })

  test.each([
    ['no_key_for_caller', ['--team', 'nobody']],
    ['model_not_allowed', ['--team', 'acme', '--model', 'other']],
    ['method_not_allowed', ['--team', 'acme', '--method', 'GET']],
    ['not_found', ['--team', 'acme', '--path', '/v2/x']],
  ])('says what would be refused with %s, and exits 1', async (code, words) => {
    const result = await runInProcess(['explain', ...words], { cwd })
    expect(result.code).toBe(1)
    expect(result.stdout).toContain(code)
  })
})

describe('postern session mint', () => {
  test('prints a token for whom it is asked', async () => {
    const { stdout } = await runPostern(['session', 'mint', '--user', 'u_7', '--team', 'acme', '--ttl', '2h'], { cwd })
    const { sub, team, exp = 0, iat = 0 } = decodeJwt(stdout.trim())
    expect({ sub, team, ttl: exp - iat }).toEqual({ sub: 'u_7', team: 'acme', ttl: 7200 })
  })

  test.each([
    ['bogus', /"ttl" is a whole number of seconds/],
    ['100d', /maxTtl/],
  ])('says what is wrong with --ttl %s, without a stack', async (ttl, words) => {
    const { code, stderr } = await runInProcess(['session', 'mint', '--team', 'acme', '--ttl', ttl], { cwd })
    expect(code).toBe(1)
    expect(stderr).toMatch(words)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('prints a token that is bound as it is asked', async () => {
    const words = [
      'session',
      'mint',
      '--user',
      'u_7',
      '--origin',
      'https://app.example.com',
      '--models',
      'auto, openai/*',
      '--endpoints',
      'chat/completions',
      '--workflow',
      'w-1',
    ]
    const { code, stdout } = await runInProcess(words, { cwd })
    expect(code).toBe(0)
    expect(JSON.parse(Buffer.from(stdout.split('.')[1] as string, 'base64url').toString())).toMatchObject({
      origin: 'https://app.example.com',
      models: ['auto', 'openai/*'],
      endpoints: ['chat/completions'],
      workflow: 'w-1',
    })
    expect(await runInProcess(['session', 'mint', '--user', 'u', '--origin', 'app'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('browsers write') as string,
    })
  })

  test('asks for whom', async () => {
    expect(await runInProcess(['session', 'mint'], { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining('--user') as string })
  })
})

describe('postern callers', () => {
  test('add prints a credential once and keeps only its hash, list shows it, remove takes it out', async () => {
    const added = JSON.parse((await runPostern(['callers', 'add', 'billing:eu', '--json'], { cwd })).stdout) as { credential: string }
    const dotenv = join(cwd, '.env')
    const ring = (): string => /^GATEWAY_API_KEY_HASHES=(.*)$/m.exec(readFileSync(dotenv, 'utf8'))?.[1] as string
    expect(parseHashRing(ring()).entries.map(({ label }) => label)).toEqual(['agent', 'billing:eu'])
    expect(ring()).toContain(`billing:eu:${hash('sha256', added.credential)}`)
    expect(readFileSync(dotenv, 'utf8')).not.toContain(added.credential)
    expect(readFileSync(dotenv, 'utf8')).toContain('JOY_KEY_ACME=jt_0123456789')
    expect(statSync(dotenv).mode & 0o777).toBe(0o600)

    const listed = await runInProcess(['callers', 'list'], { cwd })
    expect(listed.stdout).toContain('billing:eu')
    expect(listed.stdout).toContain('svc')

    expect((await runInProcess(['callers', 'add', 'billing:eu'], { cwd })).code).toBe(1)
    expect((await runInProcess(['callers', 'remove', 'billing:eu'], { cwd })).code).toBe(0)
    expect((await runInProcess(['callers', 'remove', 'billing:eu'], { cwd })).code).toBe(1)
    expect(parseHashRing(ring()).entries.map(({ label }) => label)).toEqual(['agent'])
  })

  test('add begins a ring in a file that is not there yet', async () => {
    writeFileSync(join(cwd, 'file.yaml'), config.replace('{ env: GATEWAY_API_KEY_HASHES }', '{ file: ring.txt }'))
    expect((await runInProcess(['callers', 'add', 'first', '--config', 'file.yaml'], { cwd })).code).toBe(0)
    expect(readFileSync(join(cwd, 'ring.txt'), 'utf8')).toMatch(/^first:[0-9a-f]{64}\n$/)
    expect(statSync(join(cwd, 'ring.txt')).mode & 0o777).toBe(0o600)
  })

  test('add prints the ring where it cannot write it: in the environment', async () => {
    const { stdout } = await runInProcess(['callers', 'add', 'second'], { cwd, env: { GATEWAY_API_KEY_HASHES: '' } })
    expect(stdout).toMatch(
      /GATEWAY_API_KEY_HASHES is in this environment, which a command cannot change\.\nPut this line into what sets the environment of the sidecar:\s+GATEWAY_API_KEY_HASHES=second:[0-9a-f]{64}/,
    )
  })
})

describe('postern callers --manifest, the ring of a Free AI Gateway', () => {
  const manifest = 'ops/gateway-key-hashes.local.json'
  const read = () =>
    JSON.parse(readFileSync(join(cwd, manifest), 'utf8')) as { version: number; updated_at: string; entries: Record<string, string>[] }

  test('add, list, print and remove keep the manifest that its own helper keeps', async () => {
    const add = async (label: string) =>
      JSON.parse((await runInProcess(['callers', 'add', label, '--manifest', manifest, '--json'], { cwd })).stdout) as {
        credential: string
      }
    const second = await add('second:eu')
    const first = await add('first')
    expect(first.credential).toMatch(/^fai_[A-Za-z0-9_-]{43}$/)
    expect(statSync(join(cwd, manifest)).mode & 0o777).toBe(0o600)
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string
    expect(read()).toEqual({
      version: 1,
      updated_at: time,
      entries: [
        { label: 'first', sha256: hash('sha256', first.credential), created_at: time },
        { label: 'second:eu', sha256: hash('sha256', second.credential), created_at: time },
      ],
    })
    expect(readFileSync(join(cwd, manifest), 'utf8')).toBe(`${JSON.stringify(read(), null, 2)}\n`)

    const printed = await runInProcess(['callers', 'print', '--manifest', manifest], { cwd })
    expect(printed.stdout).toBe(`first:${hash('sha256', first.credential)}\nsecond:eu:${hash('sha256', second.credential)}\n`)
    expect((await runInProcess(['callers', 'list', '--manifest', manifest], { cwd })).stdout).toContain('second:eu')

    expect((await runInProcess(['callers', 'remove', 'first', '--manifest', manifest], { cwd })).code).toBe(0)
    expect(read().entries).toMatchObject([{ label: 'second:eu' }])
    expect((await runInProcess(['callers', 'remove', 'second:eu', '--manifest', manifest], { cwd })).code).toBe(0)
    expect(await runInProcess(['callers', 'print', '--manifest', manifest], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('empty') as string,
    })
  })

  test('add takes the hash of a key that exists, and refuses what the gateway would drop in silence', async () => {
    const digest = hash('sha256', 'gw_existing')
    const add = (label: string, sha256: string) =>
      runInProcess(['callers', 'add', label, '--sha256', sha256, '--manifest', manifest], { cwd })
    expect(await add('legacy', digest.toUpperCase())).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining('Credential') as string,
    })
    expect(read().entries).toMatchObject([{ label: 'legacy', sha256: digest }])
    for (const [label, sha256] of [
      ['again', digest],
      ['short', digest.slice(1)],
      ['documented', hash('sha256', 'test')],
    ] as const) {
      expect((await add(label, sha256)).code).toBe(1)
    }
    expect(read().entries).toHaveLength(1)
  })

  test('a manifest is a ring of callers as well', async () => {
    writeFileSync(join(cwd, 'manifest.yaml'), config.replace('{ env: GATEWAY_API_KEY_HASHES }', '{ file: callers.json }'))
    const added = await runInProcess(['callers', 'add', 'agent', '--config', 'manifest.yaml', '--json'], { cwd })
    const { credential } = JSON.parse(added.stdout) as { credential: string }
    expect(credential).toMatch(/^pst_/)
    expect(JSON.parse(readFileSync(join(cwd, 'callers.json'), 'utf8'))).toMatchObject({ version: 1, entries: [{ label: 'agent' }] })
    expect((await runInProcess(['check', '--config', 'manifest.yaml'], { cwd })).code).toBe(0)
  })
})

describe('postern emulate', () => {
  test('lists how a gateway is made to fail', async () => {
    const { code, stdout } = await runInProcess(['emulate', 'opentoken', '--cases', '--json'])
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toContain('spend_limit_exceeded')
  })
})
