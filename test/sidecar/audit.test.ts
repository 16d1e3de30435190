import { execFileSync } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type AdminAnswer, type AdminAsk, askAdmin } from '../support/ask-admin.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, type RunOptions, runPostern, startPostern } from '../support/run-postern.js'

const made = () => randomBytes(32).toString('base64url')
const ops = made()
const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: made(), ADMIN: made() }

let cwd: string
const running: RunningPostern[] = []
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-audit-'))
})
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGKILL')
    await finished
  }
  rmSync(cwd, { recursive: true })
})

function configure(further: object = {}, name = 'postern'): void {
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: `./${name}.sock` },
    audit: { file: './audit.jsonl' },
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    store: { memory: true },
    policies: { models: ['small'] },
    ...further,
  }
  writeFileSync(join(cwd, `${name}.json`), JSON.stringify(config))
}

async function start(options: RunOptions = {}): Promise<RunningPostern> {
  const postern = startPostern(['start', '--config', 'postern.json'], { cwd, env, ...options })
  running.push(postern)
  await postern.prints(/"msg":"listening"/)
  return postern
}

const ask = (what: string, asked: AdminAsk = {}): Promise<AdminAnswer> =>
  askAdmin({ socketPath: join(cwd, 'postern.sock') }, `POST /admin/v1/${what}`, asked)
const audit = (...args: readonly string[]): Promise<Finished> => runInProcess(['audit', ...args, '--config', 'postern.json'], { cwd })
const file = (): string => join(cwd, 'audit.jsonl')
const textLines = (): readonly string[] =>
  (existsSync(file()) ? readFileSync(file(), 'utf8') : '').split('\n').filter((line) => line !== '')
const lines = (): readonly Record<string, unknown>[] => textLines().map((line) => JSON.parse(line) as Record<string, unknown>)

describe('the audit in a file', () => {
  test('has who did what, when, by which request and with what result, each line chained to the one before, and no secret', async () => {
    const credentials = { ops: { hash: hash('sha256', ops), roles: ['sessions', 'config'] } }
    configure({ admin: { socket: './postern.sock', secret: { env: 'ADMIN' }, credentials } })
    const postern = await start()
    const minted = await ask('sessions', { body: { user: 'ada', team: 'acme', ttl: '5m' }, credential: ops })
    const revoked = await ask('revocations', { body: { user: 'ada' }, credential: env.ADMIN })
    configure({ admin: { socket: './postern.sock', secret: { env: 'ADMIN' }, credentials }, policies: { models: ['small', 'large'] } })
    const reloaded = await ask('reload', { credential: ops })
    configure({ listen: { port: 1 }, admin: { socket: './postern.sock', secret: { env: 'ADMIN' }, credentials } })
    expect((await ask('reload', { credential: ops })).status).toBe(422)
    postern.child.kill('SIGHUP')
    await expect.poll(() => lines().length).toBe(8)

    const token = minted.body['token'] as string
    const idOf = ({ headers }: AdminAnswer): unknown => headers['x-request-id']
    expect(lines()).toMatchObject([
      { who: 'ops', what: 'session_minted', result: 'done', request_id: idOf(minted), id: minted.body['id'], user: 'ada', team: 'acme' },
      { who: 'admin', what: 'session_revoked', result: 'begun', request_id: idOf(revoked), kind: 'user', name: 'ada' },
      { who: 'admin', what: 'session_revoked', result: 'done', request_id: idOf(revoked) },
      { who: 'ops', what: 'reload', result: 'begun', request_id: idOf(reloaded) },
      { who: 'ops', what: 'reload', result: 'taken', request_id: idOf(reloaded), laxer: ['policies.models (changed)'] },
      { who: 'ops', what: 'reload', result: 'begun' },
      { who: 'ops', what: 'reload', result: 'refused', fixed: ['listen.port'] },
      { who: 'signal', what: 'reload', result: 'refused', fixed: ['listen.port'] },
    ])
    const whole = textLines()
    expect(lines().map(({ before }) => before)).toEqual([null, ...whole.slice(0, -1).map((line) => hash('sha256', line))])
    for (const { time } of lines()) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    for (const secret of [ops, token, ...Object.values(env)]) expect(whole.join('\n')).not.toContain(secret)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(await audit('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`8 in all. The last one has the SHA-256 ${hash('sha256', whole.at(-1) ?? '')}`),
    })
  })

  test('names the file watcher, and a socket that asks for no credential; a restart goes on with the chain', async () => {
    writeFileSync(join(cwd, 'key'), 'sk_a_first_key_of_the_gateway')
    const keys = { acme: { gateway: 'main', secret: { file: './key' } } }
    configure({ keys })
    const { child, finished } = await start()
    expect((await ask('revocations', { body: { team: 'acme' } })).status).toBe(201)
    writeFileSync(join(cwd, 'key'), 'sk_another_key_of_the_gateway')
    await expect
      .poll(() => lines().at(-1), { timeout: 10_000 })
      .toMatchObject({ who: 'watch', result: 'taken', changed: ['keys.acme.secret (changed)'] })
    child.kill('SIGTERM')
    await finished
    await start()
    expect((await ask('revocations', { body: { team: 'acme' } })).status).toBe(201)
    expect(lines().map(({ who }) => who)).toEqual(['socket', 'socket', 'watch', 'socket', 'socket'])
    expect(await audit('verify')).toMatchObject({ code: 0, stderr: '' })
  })

  test('recognises a line that a process did not write to its end, and goes on behind it', async () => {
    configure()
    const { child, finished } = await start()
    await ask('revocations', { body: { user: 'ada' } })
    child.kill('SIGKILL')
    await finished
    appendFileSync(file(), '{"time":"2026-11-26T12:00:00.000Z","who":"soc')
    expect(await audit('verify')).toMatchObject({ code: 0, stdout: expect.stringContaining('Line 3 is torn') })
    await start()
    await ask('revocations', { body: { user: 'bob' } })
    expect(await audit('verify')).toMatchObject({ code: 0, stdout: expect.stringMatching(/every line fits, 6 in all\.[^]*Line 3 is torn/) })
    expect(textLines()[3]).toContain('"what":"torn_line"')
  })

  test('belongs to one process: a second one does not start, and says why', async () => {
    configure()
    await start()
    configure({ shutdown: { deadline: '10ms' } }, 'second')
    const second = await runPostern(['start', '--config', 'second.json'], { cwd, env })
    expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/Another process writes the audit .*audit\.jsonl/) })
  })

  test.each<[what: string, prepare: () => void, path: string, why: RegExp]>([
    ['something else', () => writeFileSync(join(cwd, 'notes.txt'), 'my notes'), './notes.txt', /holds something other than an audit/],
    ['a folder that is not there', () => {}, './nowhere/audit.jsonl', /its folder does not exist/],
    ['what is no file', () => {}, '/dev/null', /no regular file/],
  ])('is not written into %s: the process does not start', async (_, prepare, path, why) => {
    prepare()
    configure({ audit: { file: path } })
    const { code, stderr } = await runPostern(['start', '--config', 'postern.json'], { cwd, env })
    expect([code, stderr]).toEqual([1, expect.stringMatching(why)])
  })

  test('cannot move to another file while the process runs', async () => {
    configure()
    await start()
    configure({ audit: { file: './other.jsonl' } })
    expect(await ask('reload')).toMatchObject({ status: 422, body: { problems: [{ path: 'audit' }] } })
  })
})

describe('without its line in the audit', () => {
  test('nothing is done for a program while the file is gone, signals are still heard, and the process says what is impaired', async () => {
    configure()
    const postern = await start()
    renameSync(file(), join(cwd, 'away.jsonl'))
    for (const [what, body] of [
      ['sessions', { team: 'acme' }],
      ['revocations', { user: 'ada' }],
      ['reload', undefined],
    ] as const) {
      const { status, body: said } = await ask(what, { body })
      expect([status, said.error?.code, said['token'], said['taken']]).toEqual([503, 'store_unavailable', undefined, undefined])
      expect(said.error?.message).toContain('The audit cannot be written')
    }
    expect(postern.stdout()).not.toContain('"msg":"session_ended"')
    expect(await askAdmin({ socketPath: join(cwd, 'postern.sock') }, 'GET /readyz')).toMatchObject({
      status: 200,
      body: { status: 'ready', impaired: ['audit'] },
    })
    postern.child.kill('SIGHUP')
    await postern.prints(/"msg":"configuration_taken"/)
    const [lost] = await postern.prints(/\{[^\n]*"msg":"audit_line_lost"[^\n]*\}/)
    expect(JSON.parse(lost)).toMatchObject({
      level: 'error',
      who: 'signal',
      what: 'reload',
      result: 'taken',
      cause: expect.stringContaining('moved'),
    })
    renameSync(join(cwd, 'away.jsonl'), file())
    expect((await ask('revocations', { body: { user: 'ada' } })).status).toBe(201)
    expect((postern.stdout().match(/"msg":"audit_lost"/g) ?? []).length).toBe(1)
    expect(await audit('verify')).toMatchObject({ code: 0, stdout: expect.stringContaining('2 in all') })
  })

  test('nothing is done on a full disk, and what was begun to be written is taken back', async () => {
    configure()
    const postern = await start({ fileBlocks: 2 })
    let status = 201
    for (let time = 0; time < 50 && status === 201; time += 1) ({ status } = await ask('sessions', { body: { user: `user-${time}` } }))
    expect(status).toBe(503)
    const before = textLines()
    expect(before.length).toBeGreaterThan(1)
    expect((await ask('revocations', { body: { user: 'ada' } })).status).toBe(503)
    expect(postern.stdout()).not.toContain('"msg":"session_ended"')
    expect(textLines()).toEqual(before)
    expect(await audit('verify')).toMatchObject({ code: 0, stdout: expect.not.stringContaining('torn') })
  })

  test('nothing is done after somebody else wrote into the file', async () => {
    configure()
    await start()
    await ask('revocations', { body: { user: 'ada' } })
    appendFileSync(file(), `${textLines()[0]}\n`)
    expect((await ask('revocations', { body: { user: 'bob' } })).status).toBe(503)
    expect(await runPostern(['audit', 'verify', '--config', 'postern.json'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('line 3 does not fit'),
    })
  })
})

describe('without a file for the audit', () => {
  test('its lines are in the log, and the commands say so', async () => {
    configure({ audit: undefined })
    const postern = await start()
    const { headers } = await ask('revocations', { body: { user: 'ada' } })
    const [line] = await postern.prints(/\{[^\n]*"event":"audit"[^\n]*\}/)
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      event: 'audit',
      who: 'socket',
      what: 'session_revoked',
      result: 'done',
      request_id: headers['x-request-id'],
    })
    expect(await audit('show')).toMatchObject({ code: 1, stderr: expect.stringContaining('in the log') })
  })
})

describe('postern audit show', () => {
  test('prints a table for people and the lines as data, and nothing that a terminal obeys', async () => {
    configure()
    await start()
    await ask('revocations', { body: { user: 'ada' } })
    expect(JSON.parse((await runPostern(['audit', 'show', '--json', '--config', 'postern.json'], { cwd })).stdout)).toEqual(lines())
    appendFileSync(
      file(),
      `${JSON.stringify({ time: 'now', who: '\u001b[2Jx', what: 'reload', result: 'taken', before: null, a: '\u001b]0;x' })}\n`,
    )
    const { stdout } = await audit('show')
    expect(stdout).toMatch(/socket +│ session_revoked +│ begun +│ request_id: .*\n.* kind: user/)
    expect(stdout).not.toContain('\u001b')
    expect(await runInProcess(['audit', 'show', '--file', 'nothing.jsonl'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ENOENT'),
    })
  })
})

test.each<[command: string, ...options: string[]]>([
  ['verify', '--file', 'pipe'],
  ['show', '--file', 'pipe'],
  ['verify', '--file', 'audit.jsonl', '--newest', 'pipe'],
  ['verify', '--file', '/dev/zero'],
])('postern audit %s with %s %s does not wait for the end of a pipe or a device, and says what to give in its place', async (...words) => {
  execFileSync('mkfifo', [join(cwd, 'pipe')])
  writeFileSync(file(), '')
  const postern = startPostern(['audit', ...words], { cwd })
  running.push(postern)
  const { code, stdout, stderr } = await postern.finished
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/is a pipe or a device, whose end nobody knows\. .+ file/)
})
