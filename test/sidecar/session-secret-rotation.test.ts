import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessionMinter } from '@postern/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { createProver } from '../support/prover.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const [oldSecret, newSecret] = ['the old secret of the sessions, long enough', 'the new secret of the sessions, long enough']
const env = { OLD: oldSecret, NEW: newSecret, KEY: 'sk_a_key_of_the_gateway' }
const [OLD, NEW] = [{ env: 'OLD' }, { env: 'NEW' }]

/** A gateway that answers JSON at once; of a stream it sends one event, and the rest when `finish` is called. */
function startGateway() {
  const held: ServerResponse[] = []
  const server = createServer((incoming, response) => {
    incoming.resume()
    if (incoming.headers.accept !== 'text/event-stream') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{}}]}')
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"id":"x","choices":[{"index":0,"delta":{"content":"begun"}}]}\n\n')
    held.push(response)
  })
  const finish = (): void => {
    for (const response of held.splice(0))
      response.end('data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
  }
  return { server, finish, origin: listenAnywhere(server) }
}

let cwd: string
let gateway: ReturnType<typeof startGateway>
let running: RunningPostern
let origin: string

async function configure(session: object): Promise<void> {
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock' },
    gateways: { main: { dialect: 'openai', baseURL: `${await gateway.origin}/v1`, attempts: 1 } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session, dpop: { nonce: true } },
    store: { memory: true },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
}

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-rotation-'))
  gateway = startGateway()
  await configure({ secret: OLD })
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  origin = (await running.prints(/"url":"([^"]+)"/))[1] as string
})

afterEach(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  gateway.server.closeAllConnections()
  gateway.server.close()
  rmSync(cwd, { recursive: true })
})

/** Has the process take another configuration of sessions, and returns what the command printed. */
async function reload(session: object): Promise<string> {
  await configure(session)
  const { code, stdout } = await runInProcess(['reload', '--config', 'postern.json'], { cwd })
  expect(code).toBe(0)
  return stdout
}

function call(token: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${origin}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'm', messages: [], stream: headers['accept'] !== undefined }),
  })
}

async function codeOf(token: string): Promise<string> {
  const answer = await call(token)
  await answer.text()
  return answer.headers.get('postern-refusal') ?? String(answer.status)
}

/** Calls with sessions in turn, several at a time and without a pause, until `stop`. */
function callOnAndOn(tokens: readonly string[]) {
  const answers = new Map<string, number>()
  const used = new Set<string>()
  let current = tokens
  const state = { isStopped: false }
  let next = 0
  const worker = async (): Promise<void> => {
    while (!state.isStopped) {
      const token = current[(next += 1) % current.length] as string
      const code = await codeOf(token)
      used.add(token)
      answers.set(code, (answers.get(code) ?? 0) + 1)
    }
  }
  const workers = Array.from({ length: 8 }, worker)
  /** Waits until all sessions that are in use now were good for a call that began later. */
  async function allUsed(): Promise<void> {
    used.clear()
    while (!current.every((token) => used.has(token))) await new Promise((later) => setTimeout(later, 5))
  }
  return {
    allUsed,
    async follow(tokensFromNow: readonly string[]): Promise<void> {
      current = tokensFromNow
      await allUsed()
    },
    async stop(): Promise<ReadonlyMap<string, number>> {
      state.isStopped = true
      await Promise.all(workers)
      return answers
    },
  }
}

async function mintMany(secret: string, count: number): Promise<readonly string[]> {
  const minter = createSessionMinter({ secret })
  return Promise.all(Array.from({ length: count }, async (_, index) => (await minter.mint({ team: 'acme', user: `u_${index}` })).token))
}

function isSignedWith(secret: string, token: string): boolean {
  const [header, payload, signature] = token.split('.')
  return createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url') === signature
}

async function mintedByTheCommand(): Promise<string> {
  const { stdout } = await runInProcess(['session', 'mint', '--team', 'acme', '--config', 'postern.json'], { cwd, env })
  return stdout.trim()
}

function mintedByTheAdminApi(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: join(cwd, 'admin.sock'), path: '/admin/v1/sessions', method: 'POST' }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => (text += piece.toString()))
      answer.on('end', () => resolve((JSON.parse(text) as { readonly token: string }).token))
    })
    asked.on('error', reject)
    asked.end('{"team":"acme"}')
  })
}

describe('the secret of sessions', () => {
  test('follows another while 200 sessions call without a pause, and none of them is refused', async () => {
    const before = await mintMany(oldSecret, 200)
    const stream = await call(before[0] as string, { accept: 'text/event-stream' })
    const calls = callOnAndOn(before)
    await calls.allUsed()

    expect(await reload({ secrets: [NEW, OLD] })).toMatch(/callers\.session\.secrets +changed, may let more through/)
    await calls.allUsed()
    const after = await mintMany(newSecret, 200)
    const ours = [await mintedByTheCommand(), await mintedByTheAdminApi()]
    expect(ours.map((token) => isSignedWith(newSecret, token))).toEqual([true, true])
    await calls.follow([...before, ...after, ...ours])
    await calls.follow([...after, ...ours])

    expect(await reload({ secrets: [NEW] })).toMatch(/callers\.session\.secrets +changed\n/)
    await calls.allUsed()
    const answers = await calls.stop()
    expect([...answers.keys()]).toEqual(['200'])
    expect(answers.get('200')).toBeGreaterThan(1000)

    // More failures of one address would be counted together as another refusal.
    const removed = before.slice(0, 20)
    expect(await Promise.all(removed.map(codeOf))).toEqual(removed.map(() => 'caller_invalid'))
    gateway.finish()
    expect(await stream.text()).toMatch(/begun[^]*"finish":"complete"[^]*\[DONE\]/)
  }, 60_000)

  test('that is taken out is good for nothing at once, also for a session that was verified a moment ago', async () => {
    const [token = ''] = await mintMany(oldSecret, 1)
    await reload({ secrets: [NEW, OLD] })
    expect(await codeOf(token)).toBe('200')
    await reload({ secret: NEW })
    expect(await codeOf(token)).toBe('caller_invalid')
    await reload({ secrets: [NEW, OLD] })
    expect(await codeOf(token)).toBe('200')
  })

  test('leaves the proofs of its clients good, whose nonce was made with the secret before', async () => {
    const prover = await createProver()
    const { token } = await createSessionMinter({ secret: oldSecret }).mint({ team: 'acme', user: 'ada', jkt: prover.jkt })
    const url = `${origin}/chat/completions`
    const prove = async (nonce?: string): Promise<Response> => {
      const proof = await prover.prove('POST', url, token, nonce === undefined ? {} : { claims: { nonce } })
      return call(token, { authorization: `DPoP ${token}`, dpop: proof })
    }
    const nonce = (await prove()).headers.get('dpop-nonce') ?? undefined
    expect((await prove(nonce)).status).toBe(200)
    await reload({ secrets: [NEW, OLD] })
    expect((await prove(nonce)).status).toBe(200)
  })
})
