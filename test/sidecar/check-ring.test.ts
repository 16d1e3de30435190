import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OnlineRow } from '../../sidecar/src/online/online-row.js'
import { type RecordingGateway, startRecordingGateway } from '../support/recording-gateway.js'
import { runInProcess } from '../support/run-in-process.js'
import type { Finished } from '../support/run-postern.js'

const made = (): string => randomBytes(32).toString('base64url')
const refused = 'sk_of_the_ring_that_is_refused'
const aliases = Array.from({ length: 22 }, (_, index) => `a${String(index).padStart(2, '0')}`)
const secretOf = (alias: string): string => (alias === 'a01' ? refused : `sk_of_the_ring_that_is_good_${alias}`)

let cwd: string
let gateway: RecordingGateway
const pathOf = (name: string): string => join(cwd, name)

function configure(masterKey: string, name: string, further: object = {}): void {
  const config = {
    version: 1,
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: masterKey } }] },
    gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL } },
    keys: {},
    bindings: [],
    callers: { session: { secret: { env: 'MASTER' } } },
    ...further,
  }
  writeFileSync(pathOf(name), JSON.stringify(config))
}

const run = (name: string, ...args: readonly string[]): Promise<Finished> => runInProcess([...args, '--config', pathOf(name)])

async function online(
  name: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly rows: readonly OnlineRow[] }> {
  const { code, stdout, stderr } = await run(name, 'check', '--online', '--json', ...args)
  for (const alias of aliases) expect(stdout + stderr).not.toContain(secretOf(alias))
  return { code, rows: (JSON.parse(stdout) as { readonly online: readonly OnlineRow[] }).online }
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-check-ring-'))
  gateway = await startRecordingGateway()
  gateway.instead = (response) => response.writeHead(gateway.keys.at(-1) === refused ? 401 : 200).end('{"data":[]}')
  writeFileSync(pathOf('.env'), `MASTER=${made()}\nOTHER=${made()}\n`)
  configure('MASTER', 'postern.json')
  configure('OTHER', 'other.json')
  configure('MASTER', 'empty.json', { store: { sqlite: './none.db' } })
  const lines = aliases.map((alias) => `${alias},main,${secretOf(alias)},${alias}`)
  writeFileSync(pathOf('keys.csv'), `alias,gateway,secret,team\n${lines.join('\n')}\n`)
  expect((await run('postern.json', 'keys', 'import', pathOf('keys.csv'))).code).toBe(0)
})
afterAll(async () => {
  await gateway.close()
  rmSync(cwd, { recursive: true })
})

test('check says that it does not look at the key ring, and asks nobody', async () => {
  const { code, stdout } = await run('postern.json', 'check')
  expect([code, stdout]).toEqual([0, expect.stringContaining('The key ring is not looked at: check --online')])
  expect(gateway.keys).toEqual([])
})

test('check --online says how many keys the ring has, tries the first 20 at their gateway and says how many are left', async () => {
  const { code, rows } = await online('postern.json')
  expect(code).toBe(1)
  const ofRing = rows.filter(({ what }) => what.startsWith('ring'))
  expect(ofRing[0]).toEqual({ what: 'ring', ok: true, detail: 'It opens: 22 keys and 22 bindings.' })
  expect(ofRing.slice(1, -1)).toEqual(
    aliases.slice(0, 20).map((alias) => {
      const isGood = secretOf(alias) !== refused
      return { what: `ring key ${alias}`, ok: isGood, detail: `The gateway answered with status ${isGood ? 200 : 401}.` }
    }),
  )
  expect(ofRing.at(-1)).toEqual({ what: 'ring', ok: null, detail: '2 more keys not tried; --key ALIAS tries one.' })
  expect(gateway.keys.toSorted()).toEqual(aliases.slice(0, 20).map(secretOf).toSorted())
})

test('check --online --key tries the keys of the ring that it names, and no other', async () => {
  const { code, rows } = await online('postern.json', '--key', 'a20', '--key', 'a21')
  expect([code, rows.map(({ what, ok }) => [what, ok])]).toEqual([
    0,
    [
      ['store', true],
      ['ring', true],
      ['ring key a20', true],
      ['ring key a21', true],
    ],
  ])
  const unknown = await online('postern.json', '--key', 'nowhere')
  expect([unknown.code, unknown.rows.at(-1)]).toMatchObject([1, { what: 'key nowhere', ok: false }])
  expect((await run('postern.json', 'check', '--key', 'a20')).code).toBe(2)
})

test('check --online names the rows of the ring that cannot be read under the master keys', async () => {
  const { code, rows } = await online('other.json')
  expect([code, rows[1]]).toEqual([1, { what: 'ring', ok: false, detail: 'It opens: 22 keys and 22 bindings. 22 rows cannot be read.' }])
  expect(rows[2]).toMatchObject({ what: 'ring key a00', ok: false, detail: expect.stringContaining('master key "k1"') })
  expect(rows).toHaveLength(22)
})

test('check --online makes no file for a ring whose store is not there yet', async () => {
  const { code, rows } = await online('empty.json')
  expect([code, rows.map(({ what, ok }) => [what, ok])]).toEqual([0, [['store', null]]])
})
