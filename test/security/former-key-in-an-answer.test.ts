import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openSourced, type SourcedSidecar } from '../support/sourced-sidecar.js'
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.js'

const first = 'sk_the_first_key_that_was_printed'
const second = 'sk_the_otherKeykey_that_was_printed'
const eventually = { timeout: 15_000, interval: 100 }

let sidecar: SourcedSidecar
let issuer: TokenEndpoint | undefined
let folder: string | undefined
afterEach(async () => {
  await sidecar.close()
  await issuer?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true })
  issuer = undefined
  folder = undefined
})

/** A completion with this text. */
const saying = (content: string): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  })

function openProgram(): Promise<SourcedSidecar> {
  folder = mkdtempSync(join(tmpdir(), 'postern-former-'))
  writeFileSync(join(folder, 'key'), first)
  return openSourced({ key: { secret: { exec: ['/bin/cat', join(folder, 'key')] } }, config: { keySources: { poll: '1s', cache: '5s' } } })
}

test('former-key-in-an-answer: an answer to a call that began with an earlier key does not bring that key to the client', async () => {
  sidecar = await openProgram()
  const { gateway, call, keyOfCall, running } = sidecar
  expect(await keyOfCall()).toBe(first)
  let answer = (): void => {}
  gateway.instead = (response) => {
    answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end(saying(`Your key is ${first}.`))
    gateway.instead = undefined
  }
  const held = call()
  await expect.poll(() => gateway.keys.length, eventually).toBe(2)
  writeFileSync(join(folder as string, 'key'), second)
  await running.prints(/key_changed/)
  expect(await keyOfCall()).toBe(second)
  answer()
  const { status, text } = await held
  expect(gateway.keys.slice(0, 3)).toEqual([first, first, second])
  expect([status, text]).toEqual([502, expect.stringContaining('gateway_answer_invalid')])
  expect(text).not.toContain(first)
})

test('former-key-in-an-answer: a key that was replaced is searched for in later answers as well, since it may still open something', async () => {
  sidecar = await openProgram()
  const { gateway, call, keyOfCall, running } = sidecar
  expect(await keyOfCall()).toBe(first)
  writeFileSync(join(folder as string, 'key'), second)
  await running.prints(/key_changed/)
  for (const key of [first, second, Buffer.from(first).toString('base64')]) {
    gateway.instead = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(saying(`A key is ${key}.`))
    const { status, text } = await call()
    expect([status, text.includes(key)]).toEqual([502, false])
  }
})

test('former-key-in-an-answer: a token that was replaced is searched for until it has ended', async () => {
  issuer = await startTokenEndpoint(600)
  const oauth = { url: issuer.url, clientId: 'postern', clientSecret: { env: 'CLIENT' }, audience: 'a' }
  sidecar = await openSourced({ key: { secret: { oauth } }, env: { CLIENT: 'the-secret-of-the-client' }, config: {} })
  const { gateway, call, keyOfCall } = sidecar
  expect(await keyOfCall()).toBe(issuer.given[0])
  // The gateway refuses the token, so its source is asked again before its time.
  const { given } = issuer
  gateway.instead = (response) => response.writeHead(401).end('{}')
  const refused = async (): Promise<number> => {
    expect((await call()).status).toBe(502)
    return given.length
  }
  await expect.poll(refused, eventually).toBe(2)
  gateway.instead = undefined
  await expect.poll(keyOfCall, eventually).toBe('ey_token_of_the_issuer_1')
  gateway.instead = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(saying('ey_token_of_the_issuer_0'))
  const { status, text } = await call()
  expect([status, text.includes('ey_token_of_the_issuer_0')]).toEqual([502, false])
})

/** How a key of the configuration is replaced or taken out while the process runs; each gives the sidecar, which has `first` until `change`. */
interface Replacement {
  readonly open: () => Promise<SourcedSidecar>
  readonly change: (running: SourcedSidecar) => void
  /** What the calls of the team are sent with then. */
  readonly next: string
}

const reloaded = ({ running }: SourcedSidecar): void => void running.child.kill('SIGHUP')
const otherKey = { other: { gateway: 'main', secret: { file: 'other' } } }

const replacements: Readonly<Record<string, Replacement>> = {
  'in its file': {
    open: () => openSourced({ key: { secret: { file: 'key' } }, files: { key: first } }),
    change: ({ write }) => write('key', second),
    next: second,
  },
  'in .env, by a reload': {
    open: () => openSourced({ key: { secret: { env: 'KEY' } }, files: { '.env': `KEY=${first}\n` } }),
    change(sidecarOfNow) {
      sidecarOfNow.write('.env', `KEY=${second}\n`)
      reloaded(sidecarOfNow)
    },
    next: second,
  },
  'by another key, and is taken out of the configuration': {
    open: () => openSourced({ key: { secret: { file: 'key' } }, keys: otherKey, files: { key: first, other: second } }),
    change(sidecarOfNow) {
      const text = readFileSync(join(sidecarOfNow.cwd, 'postern.json'), 'utf8')
      const { keys, ...config } = JSON.parse(text) as { readonly keys: typeof otherKey }
      sidecarOfNow.write(
        'postern.json',
        JSON.stringify({ ...config, keys: { other: keys.other }, bindings: [{ team: 'acme', key: 'other' }] }),
      )
      reloaded(sidecarOfNow)
    },
    next: second,
  },
}

test.each(Object.entries(replacements))(
  'former-key-in-an-answer: a key that is replaced %s is searched for in later answers, in their records and in the log',
  async (_, { open, change, next }) => {
    sidecar = await open()
    const { gateway, call, keyOfCall, running } = sidecar
    expect(await keyOfCall()).toBe(first)
    change(sidecar)
    await expect.poll(keyOfCall, eventually).toBe(next)
    const forms = [first, Buffer.from(first).toString('base64'), Buffer.from(first).toString('hex'), encodeURIComponent(`~${first}`)]
    for (const form of forms) {
      gateway.instead = (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(saying(`A key is ${form}.`))
      const { status, text } = await call()
      expect([status, text.includes(form)]).toEqual([502, false])
    }
    gateway.instead = (response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'x-its-key': first })
        .end(saying('Hello').replace('"m"', JSON.stringify(first)))
    const { text, headers } = await call()
    expect([text, ...[...headers].flat()].join('\n')).not.toContain(first)
    gateway.instead = undefined
    await call(`unheard/of-${first}`)
    await call('chat/completions', { model: first, messages: [{ role: 'user', content: 'Hello' }] })
    await running.prints(/\[redacted\]/)
    expect(running.stdout()).not.toContain(first)
  },
)
