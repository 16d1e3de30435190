import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  emulatedCases,
  EMULATED_GATEWAYS,
  type EmulatedGateway,
  type EmulatedKey,
  type Emulator,
  startEmulator,
  issueKey,
  USUAL_MODELS,
} from '@postern/emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Canary, createCanary } from '../support/canary.js'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.js'
import { rawExchange } from '../support/raw-exchange.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'
import { callerCredential, ringEntry } from '../support/secrets.js'

/** A sidecar as an operator runs it, on one gateway, with secrets from the environment and from a file. */
interface Scene {
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  readonly emulator: Emulator
  readonly collector: OtlpReceiver
  readonly canary: Canary
  readonly credential: string
  readonly secrets: Readonly<Record<string, string>>
  readonly model: string
}

async function setScene(gateway: EmulatedGateway): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-canary-'))
  const keys: Record<string, EmulatedKey> = { acme: issueKey(gateway), globex: issueKey(gateway) }
  const emulator = await startEmulator(gateway, { keys: Object.values(keys) })
  const collector = await startOtlpReceiver()
  const credential = callerCredential()
  const session = randomBytes(33).toString('base64')
  const env: Record<string, string> = { RING: ringEntry('agent', credential), SESSION: session }
  const secrets: Record<string, string> = { 'the caller’s credential': credential, 'the session secret': session }
  const configured: Record<string, unknown> = {}
  for (const [alias, { secret, providerSecret }] of Object.entries(keys)) {
    await writeFile(join(directory, `${alias}.key`), `${secret}\n`)
    secrets[`the key ${alias}`] = secret
    if (providerSecret !== undefined) secrets[`the provider key of ${alias}`] = env[`PROVIDER_${alias}`] = providerSecret
    configured[alias] = {
      gateway: 'main',
      secret: alias === 'acme' ? { env: 'KEY' } : { file: `./${alias}.key` },
      ...(providerSecret === undefined ? {} : { providerSecret: { env: `PROVIDER_${alias}` } }),
      ...(gateway === 'freeai' ? { project: `project-${alias}` } : {}),
    }
  }
  env['KEY'] = keys['acme']?.secret as string
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock' },
    telemetry: { prometheus: { port: 0 }, otlp: { url: collector.url } },
    log: { access: true },
    gateways: { main: { dialect: gateway, baseURL: emulator.baseURL, timeouts: { headers: '300ms', idle: '300ms' }, addressLimit: 'off' } },
    keys: configured,
    bindings: [
      { team: 'acme', key: 'acme' },
      { team: 'globex', key: 'globex' },
    ],
    callers: {
      session: { secret: { env: 'SESSION' } },
      service: { hashes: { env: 'RING' }, principals: { agent: { user: 'agent', team: 'acme' } } },
    },
    shutdown: { deadline: '1s' },
  }
  await writeFile(join(directory, 'postern.json'), JSON.stringify(config))
  return { directory, env, emulator, collector, canary: createCanary(secrets), credential, secrets, model: USUAL_MODELS[gateway] }
}

/** Everything that one answer says, down to the bytes that were there before it broke off. */
async function readAll(answer: Response): Promise<string> {
  let text = `${answer.status} ${JSON.stringify([...answer.headers])}\n`
  const reader = answer.body?.getReader()
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      text += Buffer.from(part.value).toString('latin1')
  } catch {
    text += '(broken off)'
  }
  return text
}

const malformed = ['{', '[]', '"text"', '{"model":1,"model":2}', '{"apiKey":"x"}', '', 'null', '{"model":"auto","messages":null}']

describe.each(EMULATED_GATEWAYS)('canary: no secret of a sidecar in front of %s', (gateway) => {
  let scene: Scene
  let postern: RunningPostern
  let url: string
  const answers: string[] = []

  beforeAll(async () => {
    scene = await setScene(gateway)
    postern = startPostern(['start', '-c', 'postern.json'], { cwd: scene.directory, env: scene.env })
    url = (await postern.prints(/"url":"([^"]+)"/))[1] as string
  })
  afterAll(async () => {
    postern.child.kill('SIGKILL')
    await scene.emulator.close()
    await scene.collector.close()
    await rm(scene.directory, { recursive: true })
  })

  const ask = async (body: string, headers: Readonly<Record<string, string>> = {}, path = 'chat/completions'): Promise<void> => {
    const answer = await fetch(`${url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${scene.credential}`, ...headers },
      body,
    }).catch((error: unknown) => error)
    answers.push(answer instanceof Response ? await readAll(answer) : String((answer as Error).cause))
  }
  const chat = (over: object): string => JSON.stringify({ model: scene.model, messages: [{ role: 'user', content: 'Hello' }], ...over })

  test('is in an answer, whatever the gateway does', async () => {
    // These two the house does not claim to catch whole: the pieces stand in events of their own.
    const cases = emulatedCases(gateway).filter(({ name }) => !['echo-key-split', 'slow-stream'].includes(name))
    expect(cases.length).toBeGreaterThan(15)
    for (const { model } of cases) await Promise.all([ask(chat({ model })), ask(chat({ model, stream: true }))])
    expect(answers.length).toBe(cases.length * 2)
    expect(scene.canary.search(answers.join('\n'))).toEqual([])
  })

  test('is in an answer, whatever the client does', async () => {
    const secret = scene.secrets['the key acme'] as string
    for (const body of malformed) await ask(body)
    for (const path of ['v2', '../admin', 'chat%2Fcompletions', 'models', 'messages', 'generateContent', `x?key=y`])
      await ask(chat({}), {}, path)
    for (const headers of [
      { 'x-step-id': 'a b' },
      { authorization: 'Bearer wrong' },
      { authorization: 'Basic eDp5' },
      { origin: 'https://evil.example' },
      { 'postern-act-as': 'team=globex' },
      { 'x-api-key': 'jt_x' },
      { expect: '100-continue' },
    ])
      await ask(chat({}), headers).catch(() => undefined)
    // A client that somehow holds the very key must not find it in an answer or in the log either.
    await ask(chat({ apiKey: secret }))
    await ask(chat({}), { authorization: `Bearer ${secret}` })
    await ask(chat({}), { 'x-api-key': secret })
    await ask(chat({}), {}, `models?key=${encodeURIComponent(secret)}`)
    answers.push(await rawExchange(new URL(url).origin, `GET /ai/v1/models HTTP/1.1\r\nBad Header: ${secret}\r\n\r\n`))
    expect(scene.canary.search(answers.join('\n'))).toEqual([])
  })

  test('is in what the admin socket says', async () => {
    for (const path of ['/healthz', '/readyz', '/', '/metrics', '/config']) {
      const text = await new Promise<string>((resolve, reject) => {
        request({ socketPath: join(scene.directory, 'admin.sock'), path }, (answer) => {
          let body = JSON.stringify(answer.rawHeaders)
          answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
          answer.on('end', () => resolve(body))
        })
          .on('error', reject)
          .end()
      })
      expect(scene.canary.search(text)).toEqual([])
      if (path === '/metrics') expect(text).toContain('postern_calls_total{')
    }
  })

  test('is in what the other commands print', async () => {
    // In front of one gateway as processes of their own; each costs half a second of a core.
    const run = gateway === EMULATED_GATEWAYS[0] ? runPostern : runInProcess
    const config = ['-c', 'postern.json']
    const commands = [
      [['check', ...config], 0],
      [['explain', ...config, '--team', 'acme', '--model', scene.model], 0],
      [['explain', ...config, '--team', 'nobody'], 1],
      [['callers', 'list', ...config], 0],
      [['session', 'mint', ...config, '--team', 'acme'], 0],
      [['check', '-c', 'missing.json'], 1],
    ] as const
    await Promise.all(
      commands.map(async ([args, code]) => {
        const result = await run([...args], { cwd: scene.directory, env: scene.env })
        expect([args.join(' '), result.code, result.stdout !== '' || result.stderr !== '']).toEqual([args.join(' '), code, true])
        expect(scene.canary.search(result.stdout + result.stderr)).toEqual([])
      }),
    )
    // A secret in the wrong place is complained about without being repeated.
    const misplaced = { version: 1, keys: { acme: { gateway: 'main', secret: scene.secrets['the key acme'] } } }
    await writeFile(join(scene.directory, 'misplaced.json'), JSON.stringify(misplaced))
    const { code, stdout, stderr } = await run(['check', '-c', 'misplaced.json'], { cwd: scene.directory, env: scene.env })
    expect([code, scene.canary.search(stdout + stderr)]).toEqual([1, []])
  }, 60_000)

  test('is in the log of all that, nor in what is said at the end', async () => {
    postern.child.kill('SIGTERM')
    const { code, stdout, stderr } = await postern.finished
    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThan(answers.length * 0.8)
    expect(scene.canary.search(stdout)).toEqual([])
    expect(scene.canary.search(stderr)).toEqual([])
    expect(scene.collector.spans.length).toBeGreaterThan(answers.length * 0.8)
    expect(scene.canary.search(scene.collector.text())).toEqual([])
  })

  test('is in what a crash prints', async () => {
    await writeFile(join(scene.directory, 'crash.cjs'), "process.once('SIGUSR2', () => { throw new Error('crash') })")
    const crashing = startPostern(['start', '-c', 'postern.json'], {
      cwd: scene.directory,
      env: { ...scene.env, NODE_OPTIONS: `--require ${join(scene.directory, 'crash.cjs')}` },
    })
    await crashing.prints(/"url":/)
    crashing.child.kill('SIGUSR2')
    const { code, stdout, stderr } = await crashing.finished
    expect(code).not.toBe(0)
    expect(stderr).toContain('crash')
    expect(scene.canary.search(stdout + stderr)).toEqual([])
  })

  test('while each of its keys did reach the gateway, so that there was something to find', () => {
    const received = JSON.stringify(scene.emulator.seen.map(({ headers }) => headers))
    const found = scene.canary.search(received)
    expect(found).toContain('the key acme (raw)')
    if (gateway === 'mintoken') expect(found).toContain('the provider key of acme (raw)')
    expect(found.join()).not.toContain('credential')
  })
})

describe('canary: the search itself', () => {
  const secret = 'jt_The+quick/brown~fox jumps'
  const canary = createCanary({ it: secret })

  test.each<[encoding: string, text: string]>([
    ['raw', `Bearer ${secret}!`],
    ['in lines', `Bearer ${secret.slice(0, 9)}\n${secret.slice(9)}`],
    ['base64', Buffer.from(secret).toString('base64')],
    ['base64 after one character', Buffer.from(`u${secret}`).toString('base64')],
    ['base64 as the password of Basic', Buffer.from(`us:${secret} and more`).toString('base64')],
    ['base64 at the third offset', Buffer.from(`us${secret} and more`).toString('base64')],
    ['base64url', Buffer.from(secret).toString('base64url')],
    ['hex', Buffer.from(secret).toString('hex')],
    ['capital hex', Buffer.from(secret).toString('hex').toUpperCase()],
    ['URL-encoded', `?key=${encodeURIComponent(secret)}`],
    ['JSON', JSON.stringify({ secret })],
  ])('finds a secret written %s', (_, text) => {
    expect(canary.search(`before ${text} after`)).not.toEqual([])
  })

  test('finds nothing where there is nothing', () => {
    expect(canary.search('jt_The+quick brown fox')).toEqual([])
  })
})
