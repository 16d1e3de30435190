import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

const made = () => randomBytes(32).toString('base64url')
const teams = ['acme', 'globex', 'umbra', 'nobody'] as const
const issued = Object.fromEntries(['file', ...teams].map((name) => [name, issueKey('joytoken')]))
const secretOf = (name: string): string => issued[name]?.secret as string
const env = {
  MASTER: made(),
  FILE_KEY: secretOf('file'),
  RING: teams.map((team) => `${team}:${hash('sha256', `credential of ${team}`)}`).join(','),
}

let cwd: string
let emulator: Emulator
let running: RunningPostern
let url = ''

const keys = (args: readonly string[], input?: string): Promise<Finished> =>
  runInProcess(['keys', ...args, '--config', 'postern.json'], { cwd, env: { ...env, ...(input === undefined ? {} : { NEW: input }) } })

/** Calls as a team, and says with which key the gateway was asked. */
const keyUsedBy = async (team: string): Promise<string> => {
  const before = emulator.seen.length
  const answer = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer credential of ${team}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  const body = (await answer.json()) as { readonly error?: { readonly code: string } }
  if (answer.status !== 200) return `${answer.status} ${body.error?.code}`
  const [credential] = emulator.seen[before]?.credentials ?? []
  return Object.entries(issued).find(([, { secret }]) => secret === credential?.value)?.[0] ?? 'another'
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-key-ring-'))
  emulator = await startEmulator('joytoken', { keys: Object.values(issued) })
  writeFileSync(
    join(cwd, 'postern.json'),
    JSON.stringify({
      version: 1,
      listen: { port: 0 },
      store: { sqlite: './postern.db' },
      keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
      keys: { 'of-file': { gateway: 'main', secret: { env: 'FILE_KEY' } } },
      bindings: [{ team: 'acme', key: 'of-file' }],
      callers: {
        service: {
          hashes: { env: 'RING' },
          principals: Object.fromEntries(teams.map((team) => [team, { team, user: `${team}-user` }])),
        },
      },
    }),
  )
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  url = (await running.prints(/"url":"([^"]+)"/))[1] ?? ''
})
afterAll(async () => {
  running.child.kill()
  await running.finished
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

describe('a key that is added to the ring of a running sidecar', () => {
  test('is used by whom it is bound to within a second, and nobody else', async () => {
    expect(await keyUsedBy('globex')).toBe('403 no_key_for_caller')
    const words = ['keys', 'add', 'ring-globex', '--gateway', 'main', '--team', 'globex', '--secret-env', 'NEW', '--config', 'postern.json']
    const { code, stdout, stderr } = await runPostern(words, { cwd, env: { ...env, NEW: secretOf('globex') } })
    expect([code, stdout]).toEqual([0, expect.stringContaining('team=globex uses it')])
    expect(stdout + stderr).not.toContain(secretOf('globex'))
    expect(stderr).toBe('')
    await expect.poll(() => keyUsedBy('globex'), { timeout: 1500 }).toBe('globex')
    expect(await keyUsedBy('umbra')).toBe('403 no_key_for_caller')
    expect(await keyUsedBy('acme')).toBe('file')
  })

  test('stands beside the bindings of the configuration: the more specific one counts, of two alike the one of the configuration', async () => {
    await keys(['add', 'ring-acme', '--gateway', 'main', '--secret-env', 'NEW'], secretOf('acme'))
    const bound = await keys(['bind', 'ring-acme', '--team', 'acme'])
    const told = 'the configuration binds team=acme to "of-file", and that counts'
    expect([bound.code, bound.stdout]).toEqual([0, expect.stringContaining(`${told}, so team=acme does not use ring-acme.`)])
    expect((await keys(['list', '--json'])).stdout).toContain('and that counts')
    expect((await keys(['bind', 'ring-acme', '--user', 'umbra-user'])).code).toBe(0)
    await expect.poll(() => keyUsedBy('umbra'), { timeout: 1500 }).toBe('acme')
    expect(await keyUsedBy('acme')).toBe('file')
    expect((await keys(['bind', 'ring-acme', '--user', 'acme-user'])).code).toBe(0)
    await expect.poll(() => keyUsedBy('acme'), { timeout: 1500 }).toBe('acme')
    const { stdout } = await runInProcess(['explain', '--config', 'postern.json', '--team', 'acme', '--user', 'acme-user'], { cwd, env })
    expect(stdout).toMatch(/key[\s│]+ring-acme[\s\S]+binding user=acme-user \(ring\)/)
  })

  test('is refused to whom it is taken from, and leads to no other key once it is gone', async () => {
    expect((await keys(['unbind', '--user', 'umbra-user'])).code).toBe(0)
    await expect.poll(() => keyUsedBy('umbra'), { timeout: 1500 }).toBe('403 no_key_for_caller')
    const bound = await keys(['retire', 'ring-globex'])
    expect([bound.code, bound.stderr]).toEqual([1, expect.stringContaining('Callers are bound to "ring-globex": team=globex')])
    await keys(['unbind', '--team', 'globex'])
    expect((await keys(['retire', 'ring-globex'])).code).toBe(0)
    await expect.poll(() => keyUsedBy('globex'), { timeout: 1500 }).toBe('403 no_key_for_caller')
  })

  test('is listed with who uses it, and never with its secret', async () => {
    const { stdout } = await keys(['list', '--json'])
    const { keys: listed } = JSON.parse(stdout) as { keys: readonly Readonly<Record<string, unknown>>[] }
    expect(listed).toEqual([
      expect.objectContaining({ alias: 'of-file', from: 'env FILE_KEY', bindings: ['team=acme'] }),
      expect.objectContaining({ alias: 'ring-acme', from: 'ring', bindings: ['team=acme', 'user=acme-user'], master_key: 'k1' }),
    ])
    for (const { secret } of Object.values(issued)) expect(stdout).not.toContain(secret)
  })

  test.each([
    [
      'an alias of the configuration',
      ['add', 'of-file', '--gateway', 'main', '--secret-env', 'NEW'],
      'is that of a key of the configuration',
    ],
    [
      'a gateway that is not there',
      ['add', 'other', '--gateway', 'elsewhere', '--secret-env', 'NEW'],
      'names a gateway that is not in the configuration',
    ],
    ['a key that is there', ['add', 'ring-acme', '--gateway', 'main', '--secret-env', 'NEW'], 'is there already'],
    ['a secret that is empty', ['add', 'other', '--gateway', 'main', '--secret-env', 'NOTHING'], 'is not set, or empty'],
    ['a name that nobody can have', ['bind', 'ring-acme', '--team', ' acme'], 'is no name'],
    ['nobody', ['bind', 'ring-acme'], 'names a user, a team, a project, a service label or a workflow'],
    ['a key that is not there', ['bind', 'other', '--team', 'globex'], 'has no key "other"'],
    ['who is bound', ['bind', 'ring-acme', '--team', 'acme'], 'is bound already'],
  ])('is refused: %s', async (_, args, words) => {
    const { code, stderr } = await keys(args, secretOf('globex'))
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)])
  })
})

describe('an import into the ring', () => {
  const row = (alias: string, team: string): string => `${alias},main,${secretOf('globex')},${team}`

  test('adds every key of a file with its binding', async () => {
    writeFileSync(join(cwd, 'tenants.csv'), `alias,gateway,secret,team\r\n${row('t1', 'globex')}\r\n${row('t2', 'other')}\r\n`)
    const { code, stdout } = await keys(['import', 'tenants.csv'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('Imported: 2 keys and 2 bindings')])
    await expect.poll(() => keyUsedBy('globex'), { timeout: 1500 }).toBe('globex')
    await keys(['unbind', '--team', 'globex'])
    await keys(['retire', 't1'])
  })

  test('adds none if a line cannot be taken, and names the lines without their secrets', async () => {
    const lines = [
      row('t3', 'third'),
      'not json',
      { alias: 't4', gateway: 'nowhere', secret: secretOf('umbra') },
      { alias: 't3', gateway: 'main', secret: secretOf('umbra') },
    ]
    const texts = [
      '{"alias":"t3","gateway":"main","secret":"sk_long_enough_0000","bind":[{"team":"third"}]}',
      'not json',
      ...lines.slice(2).map((line) => JSON.stringify(line)),
    ]
    writeFileSync(join(cwd, 'tenants.jsonl'), texts.join('\n'))
    const { code, stderr } = await keys(['import', 'tenants.jsonl'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/line 2: is no JSON[\s\S]+line 3: gateway names a gateway[\s\S]+line 4: has the alias of an earlier line, 1\./)
    expect(stderr).not.toContain(secretOf('umbra'))
    expect((await keys(['list', '--json'])).stdout).not.toContain('"t3"')
  })

  test('adds none if somebody of it is bound already', async () => {
    writeFileSync(join(cwd, 'twice.csv'), `alias,gateway,secret,team\n${row('t5', 'fifth')}\n${row('t6', 'acme')}\n`)
    const { code, stderr } = await keys(['import', 'twice.csv'])
    expect([code, stderr]).toEqual([1, expect.stringContaining('line 3: team=acme is bound already')])
    expect((await keys(['list', '--json'])).stdout).not.toContain('"t5"')
  })
})

test('the files of the store hold no secret of the ring in plain, nor in hexadecimal digits or base64', () => {
  const files = readdirSync(cwd).filter((name) => name.startsWith('postern.db'))
  expect(files.length).toBeGreaterThan(0)
  for (const name of files) {
    const text = readFileSync(join(cwd, name)).toString('latin1')
    for (const secret of [secretOf('acme'), secretOf('globex'), env.MASTER]) {
      const bytes = Buffer.from(secret)
      for (const form of [secret, bytes.toString('hex'), bytes.toString('base64').slice(0, 20)]) expect(text).not.toContain(form)
    }
  }
})
