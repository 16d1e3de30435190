import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { createSessionMinter } from '@postern/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentOver, takeVariables } from '../../sidecar/src/own-variables.js'
import { HeapSnapshot } from '../support/heap-snapshot.js'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const issued = { variable: issueKey('joytoken'), dotenv: issueKey('joytoken'), file: issueKey('joytoken'), ring: issueKey('joytoken') }
const base64 = (): string => randomBytes(32).toString('base64url')
/** What stands in the environment of the process. */
const variables = { KEY: issued.variable.secret, SESSION: base64(), ADMIN: base64(), MASTER: base64() }

let cwd: string
let emulator: Emulator
let postern: RunningPostern
let url = ''

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-memory-'))
  emulator = await startEmulator('joytoken', { keys: Object.values(issued) })
  writeFileSync(join(cwd, '.env'), `# Before it.\nIN_DOTENV=${issued.dotenv.secret}\nOTHER=nothing\n`)
  writeFileSync(join(cwd, 'key'), issued.file.secret)
  const teams = ['variable', 'dotenv', 'file'] as const
  const secrets = { variable: { env: 'KEY' }, dotenv: { env: 'IN_DOTENV' }, file: { file: './key' } }
  writeFileSync(
    join(cwd, 'postern.json'),
    JSON.stringify({
      version: 1,
      listen: { port: 0 },
      admin: { socket: './admin.sock', secret: { env: 'ADMIN' } },
      store: { sqlite: './postern.db' },
      keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
      keys: Object.fromEntries(teams.map((team) => [team, { gateway: 'main', secret: secrets[team] }])),
      bindings: teams.map((team) => ({ team, key: team })),
      callers: { session: { secret: { env: 'SESSION' } } },
    }),
  )
  await runInProcess(['keys', 'add', 'ring', '--gateway', 'main', '--team', 'ring', '--secret-env', 'NEW', '--config', 'postern.json'], {
    cwd,
    env: { ...variables, NEW: issued.ring.secret },
  })
  const report = `--report-on-signal --report-signal=SIGURG --report-filename=report.json --report-directory=${cwd}`
  const options = `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${cwd} ${report}`
  postern = startPostern(['start', '--config', 'postern.json'], { cwd, env: { ...variables, NODE_OPTIONS: options } })
  url = (await postern.prints(/"url":"([^"]+)"/))[1] ?? ''
}, 60_000)
afterAll(async () => {
  postern.child.kill('SIGKILL')
  await postern.finished
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

async function takeSnapshot(): Promise<HeapSnapshot> {
  for (const name of readdirSync(cwd).filter((each) => each.endsWith('.heapsnapshot'))) rmSync(join(cwd, name))
  postern.child.kill('SIGUSR2')
  let taken: HeapSnapshot | undefined
  await expect
    .poll(
      () => {
        const name = readdirSync(cwd).find((each) => each.endsWith('.heapsnapshot'))
        // The file ends with a bracket of its own once it is whole.
        if (name === undefined || !endOf(join(cwd, name)).trimEnd().endsWith(']}')) return false
        taken = new HeapSnapshot(join(cwd, name))
        return true
      },
      { timeout: 90_000, interval: 300 },
    )
    .toBe(true)
  return taken as HeapSnapshot
}

/** The last bytes of a file. */
function endOf(file: string): string {
  const descriptor = openSync(file, 'r')
  const end = Buffer.alloc(8)
  const from = Math.max(0, fstatSync(descriptor).size - end.length)
  const read = readSync(descriptor, end, 0, end.length, from)
  closeSync(descriptor)
  return end.subarray(0, read).toString('latin1')
}

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

/** What may keep a secret: the list of docs/keys.md, "Where secrets are in memory". */
const allowed = [/^#value of Secret$/, /^#byText of KeySearch$/, /^text of SearchedKey$/, /^members of families$/, /^credentialHeaders of /]
/** Beside those, for a variable of `.env`: the variables of that file, as they were read. */
const allowedInDotenv = [...allowed, /^IN_DOTENV of dotenv$/]

describe('secrets-in-memory', () => {
  test('each secret is kept by what the documents list and nothing else, also after calls with it', { timeout: 120_000 }, async () => {
    for (const team of ['variable', 'dotenv', 'file', 'ring']) expect([team, await callAs(team)]).toEqual([team, 200])
    const heap = await takeSnapshot()
    const secrets = { ...variables, ...Object.fromEntries(Object.entries(issued).map(([name, { secret }]) => [name, secret])) }
    for (const [name, secret] of Object.entries(secrets)) {
      const kept = heap.find(secret)
      expect([name, kept.length > 0]).toEqual([name, true])
      const list = name === 'dotenv' ? allowedInDotenv : allowed
      const strange = kept.flatMap(({ text, retainers }) =>
        retainers.filter((each) => !list.some((one) => one.test(each))).map((each) => [text.length, each]),
      )
      expect([name, strange]).toEqual([name, []])
    }
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

  test('of 100 rotated keys nothing is left in memory once the hour is over for which answers are searched for them', {
    timeout: 120_000,
  }, () => {
    const file = join(cwd, 'rotated.heapsnapshot')
    const script = join(import.meta.dirname, '../support/rotate-in-memory.mjs')
    const printed = execFileSync(process.execPath, [script, file, '100'], { encoding: 'utf8', timeout: 110_000 })
    expect(printed).toBe('current 100\n')
    const left = new HeapSnapshot(file).find(/sk_rotated_\d+_[0-9a-f]{8}/)
    expect(new Set(left.map(({ text }) => /sk_rotated_(\d+)_/.exec(text)?.[1]))).toEqual(new Set(['100']))
  })
})
