import { hash, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig } from '@postern/config'
import { readSessionRequest } from '@postern/protocol'
import { issueKey, startEmulator } from '@postern/emulator'
import { createSessionMinter, sessionRoute } from '@postern/server'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CookieBackend, startCookieBackend } from '../support/cookie-backend.js'
import { forEachDoor } from '../support/for-each-door.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const now = () => Math.floor(Date.now() / 1000)

/** Members of a session token that look as if somebody enforced them, and what was probably meant; nothing where that is not known. */
const strangers: readonly (readonly [name: string, value: unknown, meant: string | undefined])[] = [
  ['maxCalls', 1, 'max_calls'],
  ['max-calls', 1, 'max_calls'],
  ['MAX_CALLS', 1, 'max_calls'],
  ['max_call', 1, 'max_calls'],
  ['maxTokens', 10, 'max_tokens'],
  ['max_token', 10, 'max_tokens'],
  ['model', 'tiny', 'models'],
  ['Models', ['tiny'], 'models'],
  ['endpoint', 'models', 'endpoints'],
  ['end_points', ['models'], 'endpoints'],
  ['origins', ['https://a.example'], 'origin'],
  ['Origin', 'https://a.example', 'origin'],
  ['work_flow', 'w', 'workflow'],
  ['workflows', ['w'], 'workflow'],
  ['user', 'ada', 'sub'],
  ['userId', 'ada', 'sub'],
  ['Sub', 'ada', 'sub'],
  ['teams', ['acme'], 'team'],
  ['tenant', 'acme', 'team'],
  ['projects', ['labs'], 'project'],
  ['expires_at', 1, 'exp'],
  ['expiresAt', 1, 'exp'],
  ['ttl', 1, 'exp'],
  ['EXP', 1, 'exp'],
  ['notBefore', 4_000_000_000, 'nbf'],
  ['NBF', 4_000_000_000, 'nbf'],
  ['Cnf', { jkt: 'x' }, 'cnf'],
  ['jkt', 'x'.repeat(43), 'cnf'],
  ['Aud', 'another', 'aud'],
  ['extra', {}, undefined],
  ['scope', 'chat:read', undefined],
  ['tools', false, undefined],
  ['ip', '203.0.113.7', undefined],
  ['spend', '1 USD', undefined],
  ['', 1, undefined],
  ['\u200bmodels', ['tiny'], 'models'],
  ['mоdels', ['tiny'], 'models'],
  ['constructor', 1, undefined],
  ['x'.repeat(5000), 1, undefined],
]

let backend: CookieBackend
beforeAll(async () => {
  backend = await startCookieBackend()
})
afterAll(() => backend.stop())

forEachDoor(
  async () => ({ callers: { forwardAuth: { url: backend.url } }, config: { failedAuthentication: { limit: 10_000 } } }),
  (house) => {
    const sign = (claims: Record<string, unknown>) =>
      new SignJWT({ sub: 'ada', team: 'acme', aud: 'postern', iat: now(), exp: now() + 60, ...claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
        .sign(Buffer.from(house().sessionSecret))
    const call = async (claims: Record<string, unknown>) => {
      const answer = await house().chat({ credential: await sign(claims) })
      const { error } = (await answer.json()) as { readonly error?: { readonly code: string; readonly message: string } }
      return { status: answer.status, code: error?.code, message: error?.message ?? '' }
    }

    test.each(strangers)('a session with a member %j is refused by its name, and the log says so', async (name, value, meant) => {
      const calls = house().emulator.seen.length
      const { status, code, message } = await call({ [name]: value })
      expect([status, code]).toEqual([401, 'caller_invalid'])
      expect(message).toContain(JSON.stringify(name.slice(0, 64)))
      if (meant === undefined) expect(message).not.toContain('probably')
      else expect(message).toContain(`"${meant}" is probably meant`)
      expect(message.length).toBeLessThan(400)
      expect(house().ledger.entries.at(-1)).toMatchObject({
        code: 'caller_invalid',
        cause: expect.stringContaining(JSON.stringify(name.slice(0, 64))),
      })
      expect(house().emulator.seen.length).toBe(calls)
    })

    test('a session with a member __proto__ is refused by its name', async () => {
      const payload = `{"sub":"ada","team":"acme","aud":"postern","iat":${now()},"exp":${now() + 60},"__proto__":{"models":["tiny"]}}`
      const { CompactSign } = await import('jose')
      const token = await new CompactSign(Buffer.from(payload))
        .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
        .sign(Buffer.from(house().sessionSecret))
      const answer = await house().chat({ credential: token })
      expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('__proto__')])
    })

    test('a session with every member that there is is taken', async () => {
      const { status, message } = await call({
        aud: ['another', 'postern'],
        iss: 'https://backend.example.com/',
        project: 'labs',
        jti: randomUUID(),
        nbf: now() - 60,
        models: [house().model],
        endpoints: ['chat/*'],
        max_calls: 1,
        workflow: 'w',
        ext: { scope: 'chat:read', maxCalls: 1, deep: [{ user: 'eve' }] },
      })
      expect([status, message]).toEqual([200, ''])
      expect(house().ledger.entries.at(-1)).toMatchObject({ user: 'ada', team: 'acme', project: 'labs', workflow: 'w' })
    })

    test.each([['a text'], [null], [7], [[]], [{ a: { b: 'c' } }]])('what "ext" holds is the application’s own: %j', async (ext) => {
      expect((await call({ ext })).status).toBe(200)
    })

    test.each([
      ['not yet', () => ({ nbf: now() + 10 })],
      ['not for a year', () => ({ nbf: now() + 31_536_000 })],
      ['from a time that is no number', () => ({ nbf: String(now() - 60) })],
      ['from a time that is nothing', () => ({ nbf: null })],
      ['by somebody whose name is a list', () => ({ iss: ['a'] })],
      ['by somebody whose name is an object', () => ({ iss: { name: 'a' } })],
      ['by somebody without a name', () => ({ iss: '' })],
      ['by somebody whose name cannot be seen', () => ({ iss: '\u200b' })],
    ])('a session that is good %s is refused', async (_, claims) => {
      expect(await call(claims() as Record<string, unknown>)).toMatchObject({ status: 401, code: 'caller_invalid' })
    })

    test('a session that begins now is good now, also where its minter’s clock is a little ahead', async () => {
      expect([(await call({ nbf: now() })).status, (await call({ nbf: now() + 3 })).status]).toEqual([200, 200])
    })

    test('a session ends to the second, whatever clock begins it', async () => {
      expect(await call({ iat: now() - 60, exp: now() - 1 })).toMatchObject({ status: 401, code: 'caller_expired' })
    })

    test('a page cannot have "ext" written into the session that it is given for its cookie', async () => {
      const answer = await fetch(`${house().origin}/ai/session`, {
        method: 'POST',
        headers: { cookie: backend.signIn('ada', 'acme'), 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
        body: JSON.stringify({ ext: { admin: true } }),
      })
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { error: expect.objectContaining({ code: 'request_malformed', param: 'ext' }) },
      ])
    })

    test.each([
      ['Postern-ActAs', 'request_malformed'],
      ['PosternActAs', 'request_malformed'],
      ['X-Postern-Act-As', 'request_malformed'],
      ['x_postern_act_as', 'request_malformed'],
      ['Postern_Act_As', 'request_malformed'],
      ['Postern.Act.As', 'request_malformed'],
      ['Postern-Act-For', 'request_malformed'],
      ['Postern-Act-A', 'request_malformed'],
      ['Posten-Act-As', 'request_malformed'],
      ['Postern-User', 'request_malformed'],
      ['Postern-Max-Tokens', 'request_malformed'],
      ['X-WorkflowID', 'tag_invalid'],
      ['X_Workflow_ID', 'tag_invalid'],
      ['X-Work-Flow-Id', 'tag_invalid'],
      ['XWorkflowId', 'tag_invalid'],
      ['X-Step_ID', 'tag_invalid'],
      ['X.Step.ID', 'tag_invalid'],
      ['X-ParentStep-ID', 'tag_invalid'],
    ])('a header %s, which says nothing, is refused by its name, on the API and at the desk', async (name, code) => {
      const calls = house().emulator.seen.length
      for (const path of ['/ai/v1/chat/completions', '/ai/session']) {
        const answer = await rawChat(house(), [`${name}: user=ada`], { credential: house().callers.delegate, path })
        expect([statusOf(answer), codeOf(answer), /"param":"([^"]*)"/.exec(answer)?.[1]]).toEqual([400, code, name])
      }
      expect(house().emulator.seen.length).toBe(calls)
    })

    test.each([
      'X-Workflow-ID: w',
      'x-workflow-id: w',
      'X-STEP-ID: s',
      'Postern-Identity: ey',
      'X-Request-Id: r',
      'X-Flow: w',
      'X-Postman: yes',
    ])('a header %s is none of these', async (line) => {
      expect(statusOf(await rawChat(house(), [line]))).toBe(200)
    })
  },
)

describe('what mints', () => {
  const minter = createSessionMinter({ secret: 's'.repeat(32) })
  test('writes "ext" as it stands, and what is its own beside it', async () => {
    const ext = { plan: 'pro', seats: [1, 2], maxCalls: 3 }
    const { token } = await minter.mint({ user: 'ada', maxCalls: 5, ext })
    expect(decodeJwt(token)).toMatchObject({ ext, max_calls: 5, sub: 'ada' })
  })

  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  test.each([
    ['too long', 'x'.repeat(4097)],
    ['too long in all', Array.from({ length: 500 }, () => 'ten letters')],
    ['a function', () => 1],
    ['a circle', circle],
    ['no JSON', 1n],
  ])('refuses an "ext" that is %s', async (_, ext) => {
    await expect(minter.mint({ user: 'ada', ext })).rejects.toThrow(/"ext"/)
  })

  test('refuses what would not be enforced', async () => {
    for (const [name, value] of [
      ['model', 'a'],
      ['max_calls', 1],
      ['scope', 'x'],
      ['nbf', 1],
    ] as const)
      await expect(minter.mint({ user: 'ada', [name]: value })).rejects.toThrow(TypeError)
  })

  test.each([
    [{ maxCalls: 1, max_calls: 500 }, 'max_calls', 'maxCalls'],
    [{ max_calls: 1, maxCalls: 500 }, 'max_calls', 'maxCalls'],
    [{ maxTokens: 1, max_tokens: 500 }, 'max_tokens', 'maxTokens'],
    [{ max_tokens: 7, maxTokens: 7 }, 'max_tokens', 'maxTokens'],
    [{ max_tokens: null, maxTokens: 7 }, 'max_tokens', 'maxTokens'],
  ])('refuses a bound in two spellings, of which one would be enforced, and names both: %j', (bounds, claim, name) => {
    expect(() => readSessionRequest({ user: 'ada', ...bounds })).toThrow(`"${claim}" and "${name}"`)
    for (const [said, value] of Object.entries(bounds))
      expect(readSessionRequest({ user: 'ada', [said]: value })).toEqual({ user: 'ada', [name]: value })
  })

  test('does not let a page write "ext", and writes what its backend grants', async () => {
    const route = sessionRoute({ minter, whoIs: () => ({ user: 'ada', ext: { plan: 'pro' } }) })
    const ask = (body: object) =>
      route(
        new Request('https://app.example.com/session', {
          method: 'POST',
          headers: { host: 'app.example.com', 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    expect((await ask({ ext: { plan: 'enterprise' } })).status).toBe(400)
    const { token } = (await (await ask({ max_calls: 2 })).json()) as { readonly token: string }
    expect(decodeJwt(token)).toMatchObject({ ext: { plan: 'pro' }, max_calls: 2 })
  })
})

describe('a configuration', () => {
  const whole = {
    version: 1,
    gateways: { main: { dialect: 'joytoken' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
  }
  const check = (further: object) =>
    checkConfig({ ...whole, ...further }, { env: { KEY: 'jt_0123456789', SESSION: 'x'.repeat(40) }, directory: '/' }).problems

  test.each<[string, object, string]>([
    ['policies.max_tokens', { policies: { max_tokens: 10 } }, 'maxTokens'],
    ['policies.MaxTokens', { policies: { MaxTokens: 10 } }, 'maxTokens'],
    ['policies.model', { policies: { model: ['a'] } }, 'models'],
    ['policies.rules[0].end_points', { policies: { rules: [{ team: 'a', end_points: ['a'] }] } }, 'endpoints'],
    ['policies.rules[0].pin_user', { policies: { rules: [{ team: 'a', pin_user: true }] } }, 'pinUser'],
    ['bindings[0].Team', { bindings: [{ Team: 'acme', key: 'acme' }] }, 'team'],
    ['bindings[0].users', { bindings: [{ users: 'ada', key: 'acme' }] }, 'user'],
    ['callers.session.max_ttl', { callers: { session: { secret: { env: 'SESSION' }, max_ttl: '1h' } } }, 'maxTtl'],
    ['callers.forward_auth', { callers: { forward_auth: { url: 'https://a/me' } } }, 'forwardAuth'],
    [
      'callers.jwt[0].team',
      { callers: { jwt: [{ issuer: 'a', audience: 'a', jwks: 'https://a/', algorithms: ['RS256'], team: ['a'] }] } },
      'teams',
    ],
    ['listen.trusted_proxies', { listen: { trusted_proxies: [] } }, 'trustedProxies'],
    ['browser.origin', { browser: { origin: ['https://a.example'] } }, 'origins'],
    ['replica', { replica: 2 }, 'replicas'],
  ])('has no setting %s, which nobody enforces, and says which is meant', (path, further, meant) => {
    expect(check(further)).toContainEqual(expect.objectContaining({ path, severity: 'error', fix: `Did you mean "${meant}"?` }))
  })
})

describe('a real process', () => {
  let cwd: string
  const running: RunningPostern[] = []
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'postern-names-'))
  })
  afterAll(() => {
    for (const { child } of running) child.kill('SIGKILL')
    rmSync(cwd, { recursive: true })
  })
  const env = { KEY: 'jt_0123456789', RING: `agent:${hash('sha256', 'agent credential')}`, SESSION: 's'.repeat(40) }
  const config = (baseURL: string, further: object = {}) => ({
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'joytoken', baseURL, addressLimit: 'off' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } }, service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
    store: { memory: true },
    ...further,
  })

  test('warns of headers that are named nearly like one that is read: once of each, and of so many names', async () => {
    const key = issueKey('joytoken')
    const emulator = await startEmulator('joytoken', { keys: [key] })
    writeFileSync(join(cwd, 'start.json'), JSON.stringify(config(emulator.baseURL)))
    const postern = startPostern(['start', '--config', 'start.json'], { cwd, env: { ...env, KEY: key.secret } })
    running.push(postern)
    const [, url = ''] = await postern.prints(/"url":"([^"]+)"/)
    const call = async (headers: Record<string, string>) => {
      const answer = await fetch(`${url}/models`, { headers: { authorization: 'Bearer agent credential', ...headers } })
      await answer.arrayBuffer()
      return answer.status
    }
    for (const name of ['X-Workflow', 'Workflow-ID', 'x-workflow', 'X-Workflow', 'X-Steps-ID'])
      expect(await call({ [name]: 'w' })).toBe(200)
    for (let number = 0; number < 70; number += 1) await call({ [`X-Workflow-${number.toString(36)}`]: 'w' })
    await call({ 'X-Parent-Step': 'the end' })
    postern.child.kill('SIGTERM')
    await postern.finished
    await emulator.close()
    const warned = postern
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"level":"warn"'))
      .map((line) => JSON.parse(line) as { readonly header?: string; readonly meant?: string })
    expect(warned.slice(0, 3).map(({ header, meant }) => [header?.toLowerCase(), meant])).toEqual([
      ['x-workflow', 'X-Workflow-ID'],
      ['workflow-id', 'X-Workflow-ID'],
      ['x-steps-id', 'X-Step-ID'],
    ])
    expect(warned.length).toBeGreaterThan(30)
    expect(warned.length).toBeLessThanOrEqual(64)
  }, 60_000)

  test('mints "ext" on the command line, and refuses what is no JSON or a member with a slip of the pen', async () => {
    writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config('http://127.0.0.1:9/openai/v1')))
    const mint = (...args: string[]) =>
      runInProcess(['session', 'mint', '--config', 'postern.json', '--team', 'acme', ...args], { cwd, env })
    const [good, bad, odd] = await Promise.all([mint('--ext', '{"plan":"pro"}'), mint('--ext', '{plan}'), mint('--max-call', '1')])
    expect(decodeJwt((good as { stdout: string }).stdout.trim())['ext']).toEqual({ plan: 'pro' })
    expect([bad?.code, odd?.code]).toEqual([1, 2])
    writeFileSync(join(cwd, 'slip.json'), JSON.stringify(config('http://127.0.0.1:9/openai/v1', { policies: { max_tokens: 10 } })))
    const checked = await runInProcess(['check', '--config', 'slip.json'], { cwd, env })
    expect([checked.code, checked.stderr]).toEqual([
      1,
      expect.stringContaining('policies.max_tokens: is not a setting. Did you mean "maxTokens"?'),
    ])
  }, 60_000)
})
