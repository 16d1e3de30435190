import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { checkConfig, checkRingKey } from '@postern/config'
import { MasterKeys, RingEditor, RingFault } from '@postern/instance'
import { createMemoryStore, type KeyRing, Secret } from '@postern/ports'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RingCopy } from '../../packages/instance/src/key-ring/ring-copy.js'
import { readSourced, SourceFailure } from '../../packages/instance/src/keys/secret-source.js'
import { type ImportedLine, readImport } from '../../sidecar/src/keys/read-import.js'

/** The most characters of a secret, and of one of the ring, whose row has room for two of them. */
const [most, mostOfRing] = [16_384, 4096]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-without-end-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function check(key: string) {
  const config = {
    version: 1,
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    gateways: {
      main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' },
      two: { dialect: 'mintoken', baseURL: 'http://127.0.0.1:9/v1' },
    },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
  }
  return checkConfig(config, { env: { KEY: key, SESSION: 'x'.repeat(40), MASTER: 'y'.repeat(40) }, directory: folder })
}

async function linesOf(file: string): Promise<readonly ImportedLine[]> {
  const lines: ImportedLine[] = []
  for await (const some of readImport(file, () => {})) lines.push(...some)
  return lines
}

const row = (alias: string, secret: string): string => `${JSON.stringify({ alias, gateway: 'main', secret })}\n`

test('secret-without-end: a secret of the configuration is refused if it is longer than 16,384 characters', () => {
  for (const length of [most, most + 1, 1_000_000]) {
    const paths = check('k'.repeat(length))
      .problems.filter(({ severity }) => severity === 'error')
      .map(({ path }) => path)
    expect(paths, String(length)).toEqual(length > most ? ['keys.acme.secret'] : [])
  }
})

test('secret-without-end: a source of a key that gives more than 16,384 characters gives no key', () => {
  expect(readSourced('k'.repeat(most)).reveal()).toHaveLength(most)
  expect(() => readSourced('k'.repeat(most + 1))).toThrow(SourceFailure)
})

test('secret-without-end: a key is refused for the ring if its secret is longer than a row of the ring has room for, twice', () => {
  const { checked } = check('k'.repeat(40))
  if (checked === undefined) throw new Error('The configuration is not good.')
  const editor = new RingEditor(createMemoryStore().keyRing as KeyRing, masterKeys)
  for (const length of [mostOfRing, mostOfRing + 1, 40_000_000]) {
    const key = { alias: 'globex', gateway: 'main', secret: new Secret('k'.repeat(length)) }
    const paths = checkRingKey(key, checked).map(({ path }) => path)
    expect(paths, String(length)).toEqual(length > mostOfRing ? ['secret'] : [])
    if (paths.length === 0) editor.sealNew(key, 0)
  }
  // The provider's key is sealed beside the other one, so each has half of the room.
  for (const length of [mostOfRing / 2, mostOfRing / 2 + 1]) {
    const secret = new Secret('k'.repeat(length))
    const key = { alias: 'globex', gateway: 'two', secret, providerSecret: secret }
    const paths = checkRingKey(key, checked).map(({ path }) => path)
    expect(paths, String(length)).toEqual(length > mostOfRing / 2 ? ['secret', 'providerSecret'] : [])
  }
})

test('secret-without-end: the longest secrets that the ring takes fit into a row together with those of a rotation', async () => {
  const ring = createMemoryStore().keyRing as KeyRing
  const editor = new RingEditor(ring, masterKeys)
  const secret = new Secret('k'.repeat(mostOfRing / 2))
  await editor.add({ alias: 'acme', gateway: 'main', secret, providerSecret: secret }, [], 0)
  const read = await editor.read('acme')
  const { sealed, sealedProvider } = editor.seal('acme', 'main', 2, secret, secret)
  const next = { role: 'next', since: 2, sealed, sealedProvider, addedAt: 0 } as const
  await editor.write(read, { ...read.key, secrets: [...read.key.secrets, next] })
  expect((await editor.read('acme')).key.secrets).toHaveLength(2)
})

test('secret-without-end: a line of JSON Lines above 64 KiB is a fault with its number, and the lines beside it are read', async () => {
  const file = join(folder, 'keys.jsonl')
  const good = row('a', 'sk_the_first_key_of_all')
  const longest = row('b', 'k'.repeat(65_536 - row('b', '').length + 1))
  writeFileSync(file, [good, longest, row('c', 'k'.repeat(65_536)), row('d', 'k'.repeat(5_000_000)), '\n', good.trimEnd()].join(''))
  const lines = await linesOf(file)
  expect(lines.map(({ line }) => line)).toEqual([1, 2, 3, 4, 6])
  expect(lines.map((read) => ('fault' in read ? read.fault : read.key.alias))).toEqual([
    'a',
    'b',
    expect.stringContaining('65536 bytes'),
    expect.stringContaining('65536 bytes'),
    'a',
  ])
})

test('secret-without-end: a letter of several bytes that lies across two pieces of a file is read as it was written', async () => {
  const file = join(folder, 'keys.jsonl')
  // A stream of a file gives 64 KiB at once, and each of these lines has an odd number of bytes.
  const text = JSON.stringify({ alias: 'a', gateway: 'main', secret: 'sk_a_key', bind: [{ team: 'Ä€😀' }] })
  writeFileSync(file, `${text}\r\n`.repeat(3000))
  const teams = new Set((await linesOf(file)).map((read) => ('fault' in read ? read.fault : read.key.bindings[0]?.team)))
  expect([...teams]).toEqual(['Ä€😀'])
})

test('secret-without-end: a file of JSON Lines that is one line of 200 MB is refused in memory that does not grow with it', async () => {
  const file = join(folder, 'keys.jsonl')
  const stream = createWriteStream(file)
  const piece = Buffer.alloc(1_000_000, 'x')
  for (let written = 0; written < 200; written += 1) if (!stream.write(piece)) await new Promise<void>((done) => stream.once('drain', done))
  await finished(stream.end())
  const before = process.memoryUsage.rss()
  let highest = before
  const timer = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 5)
  const lines = await linesOf(file)
  clearInterval(timer)
  highest = Math.max(highest, process.memoryUsage.rss())
  expect(lines).toEqual([{ line: 1, fault: expect.stringContaining('65536 bytes') }])
  expect(highest - before).toBeLessThan(100_000_000)
})

const masterKeys = new MasterKeys([{ id: 'k1', secret: new Secret('the master key of this test, long enough') }])

test('secret-without-end: the row of a key that would be above 16 KiB is not written to the ring', () => {
  const editor = new RingEditor(createMemoryStore().keyRing as KeyRing, masterKeys)
  const seal = (length: number) => () => editor.sealNew({ alias: 'acme', gateway: 'main', secret: new Secret('k'.repeat(length)) }, 0)
  expect(seal(11_000)().row.length).toBeLessThanOrEqual(16_384)
  expect(seal(13_000)).toThrow(RingFault)
  expect(seal(40_000_000)).toThrow(/"acme" would take \d+ bytes/)
})

test('secret-without-end: a row above 16 KiB that is in the store is broken, is not opened, and its callers alone have no key', async () => {
  const ring = createMemoryStore().keyRing as KeyRing
  const editor = new RingEditor(ring, masterKeys)
  await editor.add({ alias: 'acme', gateway: 'main', secret: new Secret('sk_of_acme_alone') }, [{ team: 'acme' }], 0)
  await editor.add({ alias: 'big', gateway: 'main', secret: new Secret('sk_of_the_big_one') }, [{ team: 'big' }], 0)
  const good = (await ring.key('big'))?.row ?? ''
  // Written under the master key, as an earlier version did it: it differs from a good row in its length alone.
  const long: KeyRing = {
    ...ring,
    key: async (alias) => {
      const kept = await ring.key(alias)
      return kept === undefined || alias !== 'big' ? kept : { ...kept, row: good + ' '.repeat(16_384) }
    },
  }
  const broken: string[] = []
  const searched: string[] = []
  const searchesOf = (alias: string) => ({ add: () => void searched.push(alias), remove: () => {} })
  const copy = new RingCopy({ ring: long, masterKeys, searchesOf, broken: (what, { message }) => void broken.push(`${what}: ${message}`) })
  await copy.pending({ team: 'big' })
  await copy.pending({ team: 'acme' })
  expect(copy.find({ team: 'big' })?.held).toBeUndefined()
  expect(copy.find({ team: 'acme' })?.held).toBeDefined()
  expect(broken).toEqual(['the key "big": The row has more than 16384 bytes.'])
  expect(searched).toEqual(['acme'])
  await copy.close()
})
