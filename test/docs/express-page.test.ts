import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { issueKey, startEmulator } from '@postern/emulator'
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

test('an application that stops as docs/express.md says lets its stream end, refuses what is new, and exits', {
  timeout: 60_000,
}, async () => {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key], eventDelayMs: 200 })
  const port = await freePort()
  const config = {
    version: 1,
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { main: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'main' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { app: { team: 'acme' } } } },
  }
  const [, code = ''] = /<!-- example: stopping -->\n```js\n([\s\S]*?)\n```/.exec(page) ?? []
  // Inside the repository, so that the packages which it imports are found.
  const folder = mkdtempSync(join(import.meta.dirname, '.examples-'))
  const file = join(folder, 'stopping.mjs')
  const given = `const config = ${JSON.stringify(config)}\nconst port = ${port}\n`
  writeFileSync(file, `${given}${code}\nserver.once('listening', () => console.log('ready'))`)
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], KEY: key.secret, RING: `app:${hash('sha256', 'a credential')}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  const answer = await fetch(`http://127.0.0.1:${port}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer a credential', 'content-type': 'application/json' },
    body: '{"model":"auto","stream":true,"messages":[{"role":"user","content":"one two three four five"}]}',
  })
  expect(answer.status).toBe(200)
  child.kill('SIGTERM')
  expect(await answer.text()).toContain('data: [DONE]')
  expect(await ended).toEqual([0, null])
  await expect(fetch(`http://127.0.0.1:${port}/ai/v1/models`)).rejects.toThrow()
  rmSync(folder, { recursive: true })
  await emulator.close()
})
