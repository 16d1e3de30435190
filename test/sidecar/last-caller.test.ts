import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const credential = 'a credential that somebody lost'
const ring = `agent:${hash('sha256', credential)}`

let cwd: string
let running: RunningPostern | undefined

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-last-caller-'))
  for (const [name, place] of Object.entries({ file: '{ file: ./ring }', manifest: '{ file: ./ring.json }', variable: '{ env: RING }' }))
    writeFileSync(join(cwd, `${name}.yaml`), configWith(place))
  writeFileSync(join(cwd, 'ring'), `${ring}\n`)
  writeFileSync(join(cwd, '.env'), `JOY_KEY=jt_0123456789\nRING=${ring}\n`)
})

afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.finished
  running = undefined
  rmSync(cwd, { recursive: true })
})

function configWith(place: string): string {
  return `version: 1
listen: { port: 0 }
gateways: { main: { dialect: joytoken, baseURL: 'http://127.0.0.1:9/v1' } }
keys: { acme: { gateway: main, secret: { env: JOY_KEY } } }
bindings: [ { team: acme, key: acme } ]
callers:
  service: { hashes: ${place}, principals: { agent: { team: acme } } }
`
}

const postern = (which: string, ...words: string[]) => runInProcess([...words, '--config', join(cwd, `${which}.yaml`)])

async function start(which: string): Promise<string> {
  running = startPostern(['start', '--config', `${which}.yaml`], { cwd })
  return (await running.prints(/"url":"([^"]+)"/))[1] as string
}

async function statusAt(origin: string): Promise<number> {
  return (await fetch(`${origin}/nothing/there`, { headers: { authorization: `Bearer ${credential}` } })).status
}

describe('the last caller of a ring in a file', () => {
  test('is refused by the running sidecar within five seconds of its removal, and by one that starts afterwards', async () => {
    const origin = await start('file')
    expect(await statusAt(origin)).toBe(403)
    const { code, stdout } = await postern('file', 'callers', 'remove', 'agent')
    expect([code, readFileSync(join(cwd, 'ring'), 'utf8')]).toEqual([0, 'nobody\n'])
    expect(stdout).toContain('A running sidecar goes by it within five seconds.')
    expect(stdout).toContain('That was the last caller: under this ring every service caller is refused.')
    await expect.poll(() => statusAt(origin), { timeout: 20_000, interval: 250 }).toBe(401)
    running?.child.kill('SIGKILL')
    await running?.finished
    expect(await statusAt(await start('file'))).toBe(401)
    expect(running?.stdout()).toContain('callers.service.hashes: says that there is nobody, so every service caller is refused.')
    expect((await postern('file', 'callers', 'list')).stdout).toContain('The ring has no callers.')
    expect((await postern('file', 'callers', 'add', 'next')).code).toBe(0)
    expect(readFileSync(join(cwd, 'ring'), 'utf8')).toMatch(/^next:[0-9a-f]{64}\n$/)
  })

  test('leaves a manifest without entries, which is taken too', async () => {
    expect((await postern('manifest', 'callers', 'add', 'agent')).code).toBe(0)
    expect((await postern('manifest', 'callers', 'remove', 'agent')).code).toBe(0)
    expect(await postern('manifest', 'check')).toMatchObject({ code: 0, stderr: expect.stringContaining('says that there is nobody') })
  })

  test.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    [',\n', 'holds no entry'],
  ])('is not taken out by a file that holds %j alone, which may be half written', async (text, why) => {
    writeFileSync(join(cwd, 'ring'), text)
    expect(await postern('file', 'check')).toMatchObject({ code: 1, stderr: expect.stringContaining(why) })
  })
})

describe('the last caller of a ring in a variable', () => {
  test('leaves the word nobody in .env, and the command says when a running sidecar goes by it', async () => {
    const { code, stdout } = await postern('variable', 'callers', 'remove', 'agent')
    expect([code, readFileSync(join(cwd, '.env'), 'utf8')]).toEqual([0, 'JOY_KEY=jt_0123456789\nRING=nobody\n'])
    expect(stdout).toMatch(
      /goes by the ring from before until "postern reload", SIGHUP or, with reload\.watch, five seconds from now; if it was/,
    )
    expect(await postern('variable', 'check')).toMatchObject({ code: 0, stderr: expect.stringContaining('says that there is nobody') })
  })

  test('is the environment’s to remove, with the line to set, and a running sidecar is to be started again', async () => {
    const words = ['callers', 'remove', 'agent', '--config', join(cwd, 'variable.yaml')]
    const { code, stdout } = await runInProcess(words, { env: { RING: ring } })
    expect([code, stdout]).toEqual([1, expect.stringContaining('RING=nobody\n')])
    expect(stdout).toContain('A running sidecar goes by the ring from before until it is started again with this line.')
  })
})

describe('a caller that is added', () => {
  test.each([
    ['file', 'within five seconds.'],
    ['variable', '"postern reload", SIGHUP'],
  ])('comes with a word about when a running sidecar knows it, where the ring is in a %s', async (which, when) => {
    expect((await postern(which, 'callers', 'add', 'next')).stdout).toContain(when)
  })
})
