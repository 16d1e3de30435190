import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { createSessionMinter } from '@postern/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentOver, takeVariables } from '../../sidecar/src/own-variables.js'
import { type FakeVault, startFakeVault } from '../support/fake-vault.js'
import { HeapSnapshot } from '../support/heap-snapshot.js'
import { type RecordingGateway, startRecordingGateway } from '../support/recording-gateway.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'
import { endOf, snapshotOptions, takeSnapshot } from '../support/take-snapshot.js'
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.js'

const issued = { variable: issueKey('joytoken'), dotenv: issueKey('joytoken'), file: issueKey('joytoken'), ring: issueKey('joytoken') }
const base64 = (): string => randomBytes(32).toString('base64url')
/** What stands in the environment of the process. */
const variables = {
  KEY: issued.variable.secret,
  SESSION: base64(),
  ADMIN: base64(),
  MASTER: base64(),
  VAULT: `hvs.${base64()}`,
  CLIENT: base64(),
  OF_PROGRAM: base64(),
}
/** What sources give. */
const sourced = { vault: `sk-of-vault-${base64()}`, exec: `sk-of-a-program-${base64()}` }
/** The token of the platform, which is exchanged for one of the gateway. */
const subject = `ey_of_the_platform_${base64()}`

let cwd: string
let emulator: Emulator
let gateway: RecordingGateway
let vault: FakeVault
let issuer: TokenEndpoint
let postern: RunningPostern
let url = ''

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-memory-'))
  emulator = await startEmulator('joytoken', { keys: Object.values(issued) })
  writeFileSync(join(cwd, '.env'), `# Before it.\nIN_DOTENV=${issued.dotenv.secret}\nOTHER=nothing\n`)
  writeFileSync(join(cwd, 'key'), issued.file.secret)
  gateway = await startRecordingGateway()
  vault = await startFakeVault({ secrets: { 'secret/data/main': { key: sourced.vault } }, tokens: { [variables.VAULT]: 3600 } })
  issuer = await startTokenEndpoint(3600)
  writeFileSync(join(cwd, 'printed'), `${sourced.exec}\n`)
  writeFileSync(join(cwd, 'subject'), subject)
  const aud = { audience: 'https://gateway.example.com' }
  const secrets = {
    variable: { env: 'KEY' },
    dotenv: { env: 'IN_DOTENV' },
    file: { file: './key' },
    vault: { vault: 'secret/data/main#key' },
    exec: { exec: ['/bin/cat', join(cwd, 'printed')], variables: ['OF_PROGRAM'] },
    oauth: { oauth: { url: issuer.url, clientId: 'postern', clientSecret: { env: 'CLIENT' }, ...aud } },
    exchange: { tokenExchange: { url: issuer.url, subjectToken: { file: './subject' }, ...aud } },
  }
  const gatewayOf = (team: string): string => (team in sourced || team in byIssuer ? 'open' : 'main')
  writeFileSync(
    join(cwd, 'postern.json'),
    JSON.stringify({
      version: 1,
      listen: { port: 0 },
      admin: { socket: './admin.sock', secret: { env: 'ADMIN' } },
      store: { sqlite: './postern.db' },
      keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL }, open: { dialect: 'openai', baseURL: gateway.baseURL } },
      keys: Object.fromEntries(Object.entries(secrets).map(([team, secret]) => [team, { gateway: gatewayOf(team), secret }])),
      bindings: Object.keys(secrets).map((team) => ({ team, key: team })),
      vault: { url: vault.url, token: { env: 'VAULT' } },
      callers: { session: { secret: { env: 'SESSION' } } },
    }),
  )
  await runInProcess(['keys', 'add', 'ring', '--gateway', 'main', '--team', 'ring', '--secret-env', 'NEW', '--config', 'postern.json'], {
    cwd,
    env: { ...variables, NEW: issued.ring.secret },
  })
  const report = `--report-on-signal --report-signal=SIGURG --report-filename=report.json --report-directory=${cwd}`
  const options = `${snapshotOptions(cwd)} ${report}`
  postern = startPostern(['start', '--config', 'postern.json'], { cwd, env: { ...variables, NODE_OPTIONS: options } })
  url = (await postern.prints(/"url":"([^"]+)"/))[1] ?? ''
}, 60_000)
afterAll(async () => {
  postern.child.kill('SIGKILL')
  await postern.finished
  await Promise.all([emulator.close(), gateway.close(), vault.close(), issuer.close()])
  rmSync(cwd, { recursive: true })
})

async function callAs(team: string): Promise<number> {
  const { token } = await createSessionMinter({ secret: variables.SESSION }).mint({ user: 'ada', team })
  const answer = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  await answer.text()
  return answer.status
}

/** Teams whose key is a token. */
const byIssuer = { oauth: 0, exchange: 0 }

/** What may keep a secret: the list of docs/keys.md, "Where secrets are in memory". */
const allowed = [
  /^#value of Secret$/,
  /^#byText of KeySearch$/,
  /^text of SearchedKey$/,
  /^#families of SecretTable$/,
  /^#members of SecretFamily$/,
  /^credentialHeaders of /,
]
/** Beside those, for a variable of `.env`: the variables of that file, as they were read. */
const allowedInDotenv = [...allowed, /^IN_DOTENV of dotenv$/]

describe('secrets-in-memory', () => {
  test('each secret is kept by what the documents list and nothing else, also after calls with it', { timeout: 120_000 }, async () => {
    const teams = [...Object.keys(issued), ...Object.keys(sourced), ...Object.keys(byIssuer)]
    for (const team of teams) expect([team, await callAs(team)]).toEqual([team, 200])
    expect(new Set(gateway.keys)).toEqual(new Set([...Object.values(sourced), ...issuer.given]))
    const heap = await takeSnapshot(postern, cwd)
    const keys = Object.fromEntries(Object.entries(issued).map(([name, { secret }]) => [name, secret]))
    const tokens = Object.fromEntries(issuer.given.map((token) => [token, token]))
    expect(Object.keys(tokens).length).toBe(2)
    const secrets = { ...variables, ...sourced, ...keys, ...tokens }
    for (const [name, secret] of Object.entries(secrets)) {
      const kept = heap.find(secret)
      expect([name, kept.length > 0]).toEqual([name, true])
      const list = name === 'dotenv' ? allowedInDotenv : allowed
      const strange = kept.flatMap(({ text, retainers }) =>
        retainers.filter((each) => !list.some((one) => one.test(each))).map((each) => [text.length, each]),
      )
      expect([name, strange]).toEqual([name, []])
    }
    // It is read anew for each exchange.
    expect(heap.find(subject)).toEqual([])
  })

  test('a variable that held a secret is gone from the environment, and a reload knows it all the same', async () => {
    postern.child.kill('SIGURG')
    await expect
      .poll(() => existsSync(join(cwd, 'report.json')) && endOf(join(cwd, 'report.json')).trimEnd().endsWith('}'), { timeout: 20_000 })
      .toBe(true)
    const report = readFileSync(join(cwd, 'report.json'), 'utf8')
    const { environmentVariables } = JSON.parse(report) as { readonly environmentVariables: object }
    expect(Object.keys(environmentVariables)).toContain('PATH')
    expect(Object.keys(variables).filter((name) => name in environmentVariables || report.includes(variables[name as 'KEY']))).toEqual([])
    writeFileSync(join(cwd, '.env'), `IN_DOTENV=${issued.dotenv.secret}\nOTHER=something\n`)
    postern.child.kill('SIGHUP')
    await postern.prints(/"msg":"configuration_taken"/)
    expect(await callAs('variable')).toBe(200)
    process.env['A_SECRET_OF_THIS_TEST'] = 'value of the variable'
    takeVariables(['A_SECRET_OF_THIS_TEST', 'PATH', 'NOT_THERE'])
    expect([process.env['A_SECRET_OF_THIS_TEST'], process.env['PATH'] === undefined]).toEqual([undefined, false])
    const environment = environmentOver({ A_SECRET_OF_THIS_TEST: 'another', OF_FILE: 'of the file' })
    expect([environment['A_SECRET_OF_THIS_TEST'], environment['OF_FILE'], environment['NOT_THERE']]).toEqual([
      'value of the variable',
      'of the file',
      undefined,
    ])
    expect(['A_SECRET_OF_THIS_TEST' in environment, 'NOT_THERE' in environment, 'toString' in environment]).toEqual([true, false, false])
    expect(JSON.stringify(process.report.getReport())).not.toContain('value of the variable')
  })

  test('of a key of the configuration, of the ring and of a source that are rotated 100 times nothing is left in memory once the hour is over for which answers are searched', {
    timeout: 120_000,
  }, () => {
    const file = join(cwd, 'rotated.heapsnapshot')
    const script = join(import.meta.dirname, '../support/rotate-in-memory.mjs')
    const printed = execFileSync(process.execPath, [script, file, '100', '20'], { encoding: 'utf8', timeout: 110_000 })
    expect(printed).toBe('current 100\n')
    const left = new HeapSnapshot(file).find(/sk_rotated_[a-z]+_\d+_[0-9a-f]{8}/)
    const rotated = left.map(({ text }) => /sk_rotated_((?:config|ring|vault)_\d+)_/.exec(text)?.[1])
    expect(new Set(rotated.filter((each) => each !== undefined))).toEqual(new Set(['config_100', 'ring_100', 'vault_100']))
  })
})
