import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createSessionMinter } from '@postern/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

/** A gateway that says which key it got, streams as slowly as it is asked to, and counts its connections. */
function startGateway() {
  const keys: (string | undefined)[] = []
  const server: Server = createServer((incoming, response) => {
    keys.push(incoming.headers.authorization?.replace('Bearer ', ''))
    let body = ''
    incoming.on('data', (piece: Buffer) => (body += piece.toString()))
    incoming.on('end', () => {
      if (!body.includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ id: 'x', object: 'chat.completion', model: 'm', choices: [{ finish_reason: 'stop', message: {} }] }))
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      let left = Number(/"max_tokens":(\d+)/.exec(body)?.[1] ?? 5)
      const next = (): void => {
        if (left === 0) {
          response.end('data: [DONE]\n\n')
          return
        }
        left -= 1
        const delta = { content: `${left} ` }
        response.write(
          `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: left === 0 ? 'stop' : null }] })}\n\n`,
        )
        setTimeout(next, 100)
      }
      next()
    })
  })
  return { server, keys, origin: listenAnywhere(server) }
}

const credential = 'the credential of an agent'
const ringOf = (...labels: string[]): string => labels.map((label) => `${label}:${hash('sha256', `${credential}${label}`)}`).join('\n')
const sessionSecret = 'a session secret of more than 32 characters'

let cwd: string
let gateway: ReturnType<typeof startGateway>
let config: Record<string, object | number>
let running: RunningPostern | undefined
let origin: string

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-reload-'))
  gateway = startGateway()
  write('key', 'sk_first_key_of_the_gateway')
  write('ring', ringOf('one'))
  config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock' },
    gateways: { main: { dialect: 'openai', baseURL: `${await gateway.origin}/v1`, attempts: 1 } },
    keys: { acme: { gateway: 'main', secret: { file: './key' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: {
      session: { secret: { env: 'SESSION' } },
      service: { hashes: { file: './ring' }, principals: { one: { team: 'acme' }, two: { team: 'acme' } } },
    },
    store: { memory: true },
    policies: { models: ['small', 'large'] },
  }
})

afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.finished
  running = undefined
  gateway.server.closeAllConnections()
  gateway.server.close()
  rmSync(cwd, { recursive: true })
})

/** Writes a file as programs do: whole, under another name first. */
function write(name: string, text: string): void {
  writeFileSync(join(cwd, `${name}.new`), text)
  renameSync(join(cwd, `${name}.new`), join(cwd, name))
}

function writeConfig(changes: Record<string, object | number> = {}): void {
  write('postern.json', JSON.stringify({ ...config, ...changes }))
}

async function start(): Promise<RunningPostern> {
  writeConfig()
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env: { SESSION: sessionSecret } })
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
  origin = url
  return running
}

/** Without the variables of the running process, as in another shell. */
function reload(...options: string[]): Promise<Finished> {
  return runInProcess(['reload', '--config', 'postern.json', ...options], { cwd })
}

interface Asked {
  readonly status: number
  readonly code?: string
  readonly text: string
}

async function ask(body: object = {}, bearer = `${credential}one`): Promise<Asked> {
  const answer = await fetch(`${origin}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', messages: [], ...body }),
  })
  const text = await answer.text()
  const code = /"code":"([a-z_]+)"/.exec(text)?.[1]
  return { status: answer.status, text, ...(code === undefined ? {} : { code }) }
}

interface AdminAnswer {
  readonly status: number | undefined
  readonly body: unknown
}

function askAdmin(method: string, path: string): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath: join(cwd, 'admin.sock'), method, path }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => (text += piece.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) as unknown }))
    })
      .on('error', reject)
      .end()
  })
}

const readiness = (): Promise<AdminAnswer> => askAdmin('GET', '/readyz')

/** What `postern reload` asks for. */
async function reloadAndTake(): Promise<void> {
  expect(await askAdmin('POST', '/admin/v1/reload')).toMatchObject({ status: 200, body: { taken: true } })
}

/** Puts a pipe in a file's place: reading it would wait for ever. */
function pipeAt(name: string): void {
  rmSync(join(cwd, name), { force: true })
  execFileSync('mkfifo', [join(cwd, name)])
}

const lines = (message: string): readonly Record<string, unknown>[] =>
  (running as RunningPostern)
    .stdout()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${message}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('postern reload', () => {
  test('serves new calls with the new file, lets streams end as they began, and says what lets more through', async () => {
    await start()
    const stream = ask({ stream: true, max_tokens: 15 })
    await expect.poll(() => gateway.keys.length).toBe(1)
    writeConfig({ policies: { models: ['large', 'huge'] } })
    const reloaded = await runPostern(['reload', '--config', 'postern.json'], { cwd })
    expect(reloaded).toMatchObject({ code: 0, stdout: expect.stringMatching(/policies\.models\s+changed, may let more through/) })
    expect(await ask()).toMatchObject({ status: 403, code: 'model_not_allowed' })
    expect(await ask({ model: 'huge' })).toMatchObject({ status: 200 })
    const { status, text } = await stream
    expect([status, text.match(/"content"/g)?.length, text.includes('data: [DONE]')]).toEqual([200, 15, true])
    expect(text).toMatch(/: postern .*"finish":"complete"/)
    expect(lines('configuration_taken')).toMatchObject([{ by: 'admin', changed: 'policies.models', laxer: 'policies.models' }])
  })

  test('as data: every change, and nothing where nothing changed', async () => {
    await start()
    expect(JSON.parse((await reload('--json')).stdout)).toMatchObject({ taken: true, changes: [] })
    write('ring', ringOf('two'))
    writeConfig({ policies: { models: ['small'] }, shutdown: { deadline: '1s' } })
    const { body } = await askAdmin('POST', '/admin/v1/reload')
    expect((body as { readonly changes: unknown }).changes).toEqual([
      { path: 'policies.models', what: 'changed', laxer: false },
      { path: 'shutdown.deadline', what: 'changed', laxer: false },
      { path: 'callers.service.hashes.two', what: 'added', laxer: true },
      { path: 'callers.service.hashes.one', what: 'removed', laxer: false },
    ])
  })

  /** What spoils a configuration, and what is said of it. */
  const faults: readonly (readonly [spoil: () => void, why: RegExp])[] = [
    [() => write('postern.json', '{ "version": 1, '), /Flow map/],
    [() => writeConfig({ nonsense: {} }), /nonsense/],
    [() => writeConfig({ keys: { acme: { gateway: 'no', secret: { file: './key' } } } }), /keys\.acme/],
    [() => writeConfig({ listen: { port: 1 } }), /listen\.port: cannot change while Postern runs/],
    [() => writeConfig({ store: { sqlite: './other.db' } }), /store: cannot change/],
    [() => writeConfig({ replicas: 2, store: { redis: 'redis://127.0.0.1:1' } }), /replicas: cannot change/],
    [() => writeConfig({ backend: { url: 'http://127.0.0.1:1' } }), /backend: cannot change/],
    [() => rmSync(join(cwd, 'key')), /keys\.acme\.secret/],
    [() => writeConfig({ connections: { perAddress: 7 } }), /connections: cannot change/],
    [() => pipeAt('key'), /keys\.acme\.secret: points to the file .*ENOTREG/],
    [() => pipeAt('.env'), /\.env cannot be read \(ENOTREG\)/],
    [() => symlinkSync('nowhere', join(cwd, '.env')), /\.env cannot be read \(ENOENT\)/],
    [() => writeFileSync(join(cwd, '.env'), Buffer.alloc(17 * 1024 * 1024, 10)), /\.env is too large/],
    [() => symlinkSync('.env', join(cwd, '.env')), /\.env cannot be read \(ELOOP\)/],
    [() => write('ring', 'one:nothing'), /callers\.service\.hashes/],
  ]
  test('nothing is taken of a configuration with a fault, and the answer, the log and /readyz say why', async () => {
    await start()
    for (const [index, [spoil, why]] of faults.entries()) {
      writeConfig({ policies: { models: ['huge'] } })
      spoil()
      expect(await askAdmin('POST', '/admin/v1/reload')).toMatchObject({ status: 422, body: { taken: false } })
      await expect.poll(() => lines('configuration_refused')[index]).toMatchObject({ level: 'error', problems: expect.stringMatching(why) })
      expect(await readiness()).toMatchObject({ status: 200, body: { status: 'ready', reload: { status: 'refused' } } })
      expect(await ask()).toMatchObject({ status: 200 })
      expect(await ask({ model: 'huge' })).toMatchObject({ status: 403 })
      write('key', 'sk_first_key_of_the_gateway')
      write('ring', ringOf('one'))
      rmSync(join(cwd, '.env'), { force: true })
    }
  })

  test('no problem repeats a secret of the configuration that is in use, whatever its form', async () => {
    const plain = '0123456789abcdef0123456789abcdef'
    write('key', plain)
    await start()
    for (const changes of [
      { keys: { acme: { gateway: 'main', secret: { env: plain } } } },
      { keys: { [plain]: { gateway: 'none', secret: { file: './key' } } } },
      { [plain]: {} },
      { bindings: [{ team: 'acme', key: plain }] },
    ]) {
      writeConfig(changes)
      const answer = await askAdmin('POST', '/admin/v1/reload')
      expect(answer.status).toBe(422)
      expect(JSON.stringify(answer.body)).not.toContain(plain)
    }
    await expect.poll(() => lines('configuration_refused').length).toBe(4)
    expect((running as RunningPostern).stdout()).not.toContain(plain)
  })

  test('what is taken repeats no secret that stands in the place of a name: not in the answer, the log or the audit', async () => {
    const [key, next] = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210']
    write('key', key)
    config['audit'] = { file: './audit.jsonl' }
    await start()
    const answers: string[] = []
    // The secret that stands as a name is one of the configuration that is taken, or only of the one before it.
    for (const [name, secret, label] of [
      [key, key, 'one'],
      ['acme', next, key],
      ['acme', key, 'one'],
      [next, next, next],
      ['acme', key, 'one'],
    ] as const) {
      write('key', secret)
      write('ring', ringOf(label))
      writeConfig({ keys: { [name]: { gateway: 'main', secret: { file: './key' } } }, bindings: [{ team: 'acme', key: name }] })
      const answer = await askAdmin('POST', '/admin/v1/reload')
      expect(answer.status).toBe(200)
      answers.push(JSON.stringify(answer.body))
    }
    await expect.poll(() => lines('configuration_taken').length).toBeGreaterThanOrEqual(4)
    const told = [...answers, (running as RunningPostern).stdout(), readFileSync(join(cwd, 'audit.jsonl'), 'utf8')].join('\n')
    expect(told).toContain('callers.service.hashes.[redacted]')
    for (const secret of [key, next]) expect(told).not.toContain(secret)
  })

  test('ends with 1 and the reason where the running process cannot take the file', async () => {
    await start()
    writeConfig({ listen: { port: 1 } })
    expect(await reload()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/listen\.port: cannot change/) })
  })

  test('lets the running process judge a file with faults, so that answer, log, audit and readiness know of it', async () => {
    config['audit'] = { file: './audit.jsonl' }
    await start()
    writeConfig({ nonsense: 1, bindings: [{ team: 'acme', key: 'none' }] })
    const refused = await reload()
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/was not taken[^]*bindings\[0\]\.key/) })
    expect(refused.stderr).toContain('nonsense')
    write('postern.json', '{ broken')
    const broken = await reload('--socket', 'admin.sock')
    expect(broken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('was not taken') })
    expect(lines('configuration_refused')).toHaveLength(2)
    expect(await readiness()).toMatchObject({ status: 200, body: { reload: { status: 'refused' } } })
    const audited = readFileSync(join(cwd, 'audit.jsonl'), 'utf8').trim().split('\n')
    expect(audited.map((line) => (JSON.parse(line) as { result: string }).result)).toEqual(['begun', 'refused', 'begun', 'refused'])
    // Without YAML the file does not even say whom to ask.
    expect(await reload()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/has a problem[^]*No sidecar was asked/) })
    expect(await reload('--socket', 'admin.sock', '--port', '1')).toMatchObject({ code: 2 })
  })

  test('without an admin listener: says that SIGHUP does the same', async () => {
    writeConfig({ admin: undefined as unknown as object })
    expect(await reload()).toMatchObject({ code: 1, stderr: expect.stringContaining('SIGHUP') })
  })

  test('where no sidecar runs: says so', async () => {
    writeConfig()
    expect(await reload()).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot be asked at .*admin\.sock/) })
  })
})

describe('who was taken out', () => {
  test('a caller that left the ring is refused at once', async () => {
    await start()
    expect((await ask()).status).toBe(200)
    write('ring', ringOf('two'))
    await reloadAndTake()
    expect(await ask()).toMatchObject({ status: 401, code: 'caller_invalid' })
    expect(await ask({}, `${credential}two`)).toMatchObject({ status: 200 })
  })

  test('a session that was verified before is refused at once when its secret is no longer the one', async () => {
    await start()
    const { token } = await createSessionMinter({ secret: sessionSecret }).mint({ team: 'acme', user: 'ada' })
    expect((await ask({}, token)).status).toBe(200)
    write('session', 'another secret of more than 32 characters')
    writeConfig({ callers: { ...(config['callers'] as object), session: { secret: { file: './session' } } } })
    await reloadAndTake()
    expect(await ask({}, token)).toMatchObject({ status: 401, code: 'caller_invalid' })
  })

  test('a session that was revoked stays revoked', async () => {
    await start()
    const { token, id } = await createSessionMinter({ secret: sessionSecret }).mint({ team: 'acme', user: 'ada' })
    expect((await ask({}, token)).status).toBe(200)
    const answer = await fetch(`${new URL(origin).origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
    expect([answer.status, id]).toEqual([204, expect.any(String)])
    writeConfig({ policies: { models: ['small'] } })
    await reloadAndTake()
    expect(await ask({}, token)).toMatchObject({ status: 401, code: 'caller_revoked' })
  })
})

describe('files that change', () => {
  test('a secret and the ring are in use within five seconds, although nobody asked for it; the file itself waits', async () => {
    await start()
    expect((await ask()).status).toBe(200)
    writeConfig({ policies: { models: ['huge'] } })
    write('key', 'sk_second_key_of_the_gateway')
    write('ring', ringOf('two'))
    const changedAt = performance.now()
    await expect.poll(async () => (await ask({}, `${credential}two`)).status, { timeout: 20_000, interval: 500 }).toBe(200)
    expect(performance.now() - changedAt).toBeLessThan(10_000)
    expect(gateway.keys.at(-1)).toBe('sk_second_key_of_the_gateway')
    expect((await ask()).status).toBe(401)
    expect(lines('configuration_taken')[0]).toMatchObject({ by: 'secret file' })
  })

  test('a ring that changes just after the reload that names it is followed', async () => {
    await start()
    write('other', ringOf('one'))
    writeConfig({
      callers: { ...(config['callers'] as object), service: { hashes: { file: './other' }, principals: { two: { team: 'acme' } } } },
    })
    await reloadAndTake()
    write('other', ringOf('two'))
    await expect.poll(async () => (await ask({}, `${credential}two`)).status, { timeout: 20_000, interval: 500 }).toBe(200)
  })

  test('a link that is turned to an older folder just after the reload that names it is followed', async () => {
    for (const [folder, label] of [
      ['old', 'two'],
      ['new', 'one'],
    ] as const) {
      mkdirSync(join(cwd, folder))
      writeFileSync(join(cwd, folder, 'ring'), ringOf(label))
    }
    symlinkSync('new', join(cwd, 'mounted'))
    await start()
    await wait(1500)
    writeConfig({
      callers: {
        ...(config['callers'] as object),
        service: { hashes: { file: './mounted/ring' }, principals: { one: { team: 'acme' }, two: { team: 'acme' } } },
      },
    })
    await reloadAndTake()
    symlinkSync('old', join(cwd, 'mounted.new'))
    renameSync(join(cwd, 'mounted.new'), join(cwd, 'mounted'))
    await expect.poll(async () => (await ask({}, `${credential}two`)).status, { timeout: 20_000, interval: 500 }).toBe(200)
  })

  test('one file that never stops changing holds up no other', async () => {
    config['keys'] = { acme: { gateway: 'main', secret: { file: './key' } }, busy: { gateway: 'main', secret: { file: './busy' } } }
    write('busy', 'sk_a_key_that_changes_all_the_time')
    await start()
    let version = 0
    const writing = setInterval(() => write('busy', `sk_a_key_that_changes_all_the_time_${(version += 1)}`), 300)
    write('ring', ringOf('two'))
    await expect.poll(async () => (await ask({}, `${credential}two`)).status, { timeout: 20_000, interval: 500 }).toBe(200)
    clearInterval(writing)
  })

  test('a folder of secrets that a link turns to another one, as in Kubernetes, is followed', async () => {
    config['keys'] = { acme: { gateway: 'main', secret: { file: './mounted/key' } } }
    for (const [folder, key] of ['first', 'second'].entries()) {
      mkdirSync(join(cwd, `v${folder}`))
      writeFileSync(join(cwd, `v${folder}`, 'key'), `sk_${key}_key_in_a_folder`)
    }
    symlinkSync('v0', join(cwd, 'mounted'))
    await start()
    await ask()
    symlinkSync('v1', join(cwd, 'mounted.new'))
    renameSync(join(cwd, 'mounted.new'), join(cwd, 'mounted'))
    await expect.poll(async () => (await ask(), gateway.keys.at(-1)), { timeout: 20_000 }).toBe('sk_second_key_in_a_folder')
  })

  test('with reload.watch the file itself is followed, a broken one is refused once, and the next good one is taken', async () => {
    config['reload'] = { watch: true }
    await start()
    await wait(1500)
    write('postern.json', '{ broken')
    await expect.poll(() => lines('configuration_refused').length, { timeout: 20_000 }).toBe(1)
    writeConfig({ policies: { models: ['huge'] } })
    await expect.poll(async () => (await ask({ model: 'huge' })).status, { timeout: 20_000 }).toBe(200)
    expect(lines('configuration_refused')).toHaveLength(1)
    expect(lines('configuration_taken')).toMatchObject([{ by: 'watch' }])
  })
})

/** Whether a process has a handler of its own for SIGHUP, which is signal 1; Linux tells. */
function takesHangUps(pid: number): boolean {
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (BigInt(`0x${caught}`) & 1n) === 1n
}

describe('SIGHUP', () => {
  test('never ends the process: not before it listens, not many at once, not while it stops', async () => {
    writeConfig()
    running = startPostern(['start', '--config', 'postern.json'], { cwd, env: { SESSION: sessionSecret } })
    const { child } = running
    await expect.poll(() => takesHangUps(child.pid as number), { interval: 5, timeout: 15_000 }).toBe(true)
    const early = setInterval(() => child.kill('SIGHUP'), 20)
    const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
    origin = url
    await running.prints(/configuration_taken/)
    clearInterval(early)
    for (let time = 0; time < 50; time += 1) child.kill('SIGHUP')
    expect((await ask()).status).toBe(200)
    const stream = ask({ stream: true, max_tokens: 15 })
    await expect.poll(() => gateway.keys.length).toBe(2)
    child.kill('SIGTERM')
    await running.prints(/"msg":"draining"/)
    child.kill('SIGHUP')
    expect((await stream).text).toContain('data: [DONE]')
    expect((await running.finished).code).toBe(0)
  })
})

describe('the backend', () => {
  test('is another one for new requests when its address changes; one under way is answered by the one that it was sent to', async () => {
    const answers: (() => void)[] = []
    const backends = ['first', 'second'].map((name) =>
      createServer((request, response) => {
        request.resume()
        const end = (): void => void response.end(name)
        if (request.url === '/slow') answers.push(end)
        else end()
      }),
    )
    const [first, second] = await Promise.all(backends.map(listenAnywhere))
    config['backend'] = { url: first as string }
    await start()
    const page = async (path: string, init?: RequestInit): Promise<string> => (await fetch(`${new URL(origin).origin}${path}`, init)).text()
    try {
      expect(await page('/')).toBe('first')
      const slow = page('/slow', { method: 'POST', body: 'a body that is sent on' })
      await expect.poll(() => answers.length).toBe(1)
      writeConfig({ backend: { url: second as string } })
      await reloadAndTake()
      expect(await page('/')).toBe('second')
      answers[0]?.()
      expect(await slow).toBe('first')
      writeConfig({ backend: { url: second as string }, policies: { models: ['small'] } })
      await reloadAndTake()
      expect(await page('/')).toBe('second')
    } finally {
      for (const backend of backends) {
        backend.closeAllConnections()
        backend.close()
      }
    }
  })

  test('is told who calls by the tokens that are good now', async () => {
    const seen: boolean[] = []
    const backend = createServer((request, response) => {
      seen.push(request.headers['postern-identity'] !== undefined)
      response.end()
    })
    config['backend'] = { url: await listenAnywhere(backend), identity: {} }
    await start()
    const { token } = await createSessionMinter({ secret: sessionSecret }).mint({ team: 'acme', user: 'ada' })
    const visit = async (): Promise<void> =>
      void (await fetch(`${new URL(origin).origin}/`, { headers: { authorization: `Bearer ${token}` } }))
    const keys = async (): Promise<string> => (await fetch(`${new URL(origin).origin}/.well-known/postern/jwks.json`)).text()
    const published = await keys()
    try {
      await visit()
      writeConfig({ policies: { models: ['small'] } })
      await reloadAndTake()
      await visit()
      write('session', 'another secret of more than 32 characters')
      writeConfig({ callers: { ...(config['callers'] as object), session: { secret: { file: './session' } } } })
      await reloadAndTake()
      await visit()
      expect([seen, await keys()]).toEqual([[true, true, false], published])
    } finally {
      backend.closeAllConnections()
      backend.close()
    }
  })
})

describe('under load', () => {
  test('twenty reloads between, good ones and bad ones: no call fails, and every stream ends whole', async () => {
    await start()
    const outcomes: Asked[] = []
    const over = new AbortController()
    const callers = Array.from({ length: 16 }, async (_, index) => {
      while (!over.signal.aborted) outcomes.push(await ask(index < 4 ? { stream: true, max_tokens: 3 } : {}))
    })
    for (let time = 0; time < 20; time += 1) {
      if (time % 5 === 4) write('postern.json', '{ broken')
      else writeConfig({ policies: { models: ['small', `model-${time}`] }, failedAuthentication: { limit: 40 + time } })
      if (time % 5 !== 4 && time % 2 === 0) await reloadAndTake()
      else (running as RunningPostern).child.kill('SIGHUP')
      // The next one comes when calls of this one were answered.
      const answered = outcomes.length + 15
      await expect.poll(() => outcomes.length, { timeout: 15_000 }).toBeGreaterThan(answered)
    }
    over.abort()
    await Promise.all(callers)
    expect(outcomes.length).toBeGreaterThan(300)
    expect(outcomes.filter(({ status }) => status !== 200)).toEqual([])
    expect(outcomes.filter(({ text }) => text.startsWith('data:') && !text.includes('data: [DONE]'))).toEqual([])
    await expect.poll(() => lines('configuration_refused').length).toBe(4)
    expect(lines('configuration_taken')).toHaveLength(16)
    expect(await readiness()).toMatchObject({ body: { status: 'ready' } })
  }, 120_000)
})
