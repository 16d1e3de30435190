import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { startPostern } from '../support/run-postern.js'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-places-'))
  mkdirSync(join(cwd, 'state'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

function write(further: object = {}): void {
  const config = {
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'joytoken' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    ...further,
  }
  writeFileSync(join(cwd, 'postern.yaml'), JSON.stringify(config))
  writeFileSync(join(cwd, '.env'), `KEY=jt_0123456789abcdef\nSESSION=${'s'.repeat(40)}\n`)
}

/** Starts the process, stops it, and says which of the files are there then. */
async function filesAfterStart(env: Readonly<Record<string, string>>, further: object = {}): Promise<readonly string[]> {
  write(further)
  const { child, prints, finished } = startPostern(['start'], { cwd, env })
  await prints(/"msg":"listening"/)
  child.kill('SIGTERM')
  await finished
  return ['postern.db', 'ledger.db', 'state/postern.db', 'state/ledger.db'].filter((name) => existsSync(join(cwd, name)))
}

describe('files that the configuration does not name', () => {
  test('lie in the first folder of $STATE_DIRECTORY, as systemd names it for a service', async () => {
    const env = { STATE_DIRECTORY: `${join(cwd, 'state')}:${join(cwd, 'other')}` }
    expect(await filesAfterStart(env, { ledger: {} })).toEqual(['state/postern.db', 'state/ledger.db'])
    const revoked = await runInProcess(['session', 'revoke', '--user', 'ada'], { cwd, env })
    expect([revoked.code, revoked.stderr]).toEqual([0, expect.stringContaining('session_ended')])
    expect(await runInProcess(['session', 'revoke', '--user', 'ada'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('STATE_DIRECTORY') as string,
    })
  })

  test('lie beside the configuration without it, and stay in use there when a service gets one', async () => {
    expect(await filesAfterStart({})).toEqual(['postern.db'])
    expect(await filesAfterStart({ STATE_DIRECTORY: join(cwd, 'state') })).toEqual(['postern.db'])
  })

  test('a store that is named stays where its name says', async () => {
    const env = { STATE_DIRECTORY: join(cwd, 'state') }
    expect(await filesAfterStart(env, { store: { sqlite: './postern.db' } })).toEqual(['postern.db'])
  })
})

describe('postern check', () => {
  test.each(['0.0.0.0', '::'])('warns of host: %s without listen.hosts, and is content with them', async (host) => {
    write({ listen: { host, port: 8787 } })
    const open = await runInProcess(['check'], { cwd })
    expect([open.code, open.stderr]).toEqual([0, expect.stringContaining('listen.hosts: is empty')])
    write({ listen: { host, port: 8787, hosts: ['app.example.com'] } })
    expect(await runInProcess(['check'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  })

  test.each(['127.0.0.1', 'localhost', '::1'])('has nothing to say of host: %s, which other machines do not reach', async (host) => {
    write({ listen: { host, port: 8787 } })
    expect(await runInProcess(['check'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  })
})
