import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { issueKey, startEmulator } from '@postern/emulator'
import { createSqliteLedgerReader } from '@postern/stores/ledger'
import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/express.md'), 'utf8')

test('docs/express.md names every setting that the middleware warns of', () => {
  const source = readFileSync(join(root, 'packages/express/src/settings-without-effect.ts'), 'utf8')
  const warned = [...source.matchAll(/^ {2}\[\s*'([\w.]+)',/gm)].map(([, path]) => path)
  const named = [...page.matchAll(/^\| `([\w.]+)` \| warns \|/gm)].map(([, path]) => path)
  expect(named).toEqual(warned)
  expect(warned.length).toBeGreaterThan(5)
})

const config = (baseURL: string) => ({
  version: 1,
  gateways: { main: { dialect: 'joytoken', baseURL } },
  keys: { main: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'main' }],
  callers: { service: { hashes: { env: 'RING' }, principals: { app: { team: 'acme' } } } },
})

/** Runs an example of the page, with `config` and `port` given, and what is written behind it. */
function run(example: string, { cwd, baseURL, secret, port }: Place, behind: string) {
  const [, code = ''] = new RegExp(`<!-- example: ${example} -->\\n\`\`\`js\\n([\\s\\S]*?)\\n\`\`\``).exec(page) ?? []
  const file = join(cwd, `${example}.mjs`)
  writeFileSync(file, `const config = ${JSON.stringify(config(baseURL))}\nconst port = ${port}\n${code}\n${behind}`)
  return spawn(process.execPath, [file], {
    cwd,
    env: { PATH: process.env['PATH'], KEY: secret, RING: `app:${hash('sha256', 'a credential')}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

interface Place {
  readonly cwd: string
  readonly baseURL: string
  readonly secret: string
  readonly port: number
}

const chat = (port: number, more: object): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer a credential', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'one two three four five' }], ...more }),
  })

/** Inside the repository, so that the packages which it imports are found. */
const makeFolder = (): string => mkdtempSync(join(import.meta.dirname, '.examples-'))

test('an application that stops as docs/express.md says lets its stream end, refuses what is new, and exits', {
  timeout: 60_000,
}, async () => {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key], eventDelayMs: 200 })
  const port = await freePort()
  const cwd = makeFolder()
  const child = run(
    'stopping',
    { cwd, baseURL: emulator.baseURL, secret: key.secret, port },
    "server.once('listening', () => console.log('ready'))",
  )
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  const answer = await chat(port, { stream: true })
  expect(answer.status).toBe(200)
  child.kill('SIGTERM')
  expect(await answer.text()).toContain('data: [DONE]')
  expect(await ended).toEqual([0, null])
  await expect(fetch(`http://127.0.0.1:${port}/ai/v1/models`)).rejects.toThrow()
  rmSync(cwd, { recursive: true })
  await emulator.close()
})

test('an application with a ledger as in docs/express.md has its calls there', { timeout: 60_000 }, async () => {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key] })
  const port = await freePort()
  const cwd = makeFolder()
  const child = run('ledger', { cwd, baseURL: emulator.baseURL, secret: key.secret, port }, "app.listen(port, () => console.log('ready'))")
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  expect((await chat(port, {})).status).toBe(200)
  const reader = createSqliteLedgerReader(join(cwd, 'ledger.db'))
  const asked = { sinceMs: 0, untilMs: Date.now() + 60_000, only: {}, most: 10 }
  await expect.poll(async () => reader.calls(asked), { timeout: 20_000 }).toMatchObject([{ team: 'acme', status: 200 }])
  await reader.close()
  child.kill('SIGKILL')
  await ended
  rmSync(cwd, { recursive: true })
  await emulator.close()
})
