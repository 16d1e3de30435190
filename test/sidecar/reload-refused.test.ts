import { hash } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessionMinter } from '@postern/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signedByItself } from '../support/certificate-of-nobody.js'
import { listenAnywhere } from '../support/house.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'

const credential = 'the credential of an agent'
const ringOf = (...labels: string[]): string => labels.map((label) => `${label}:${hash('sha256', `${credential}${label}`)}`).join('\n')
const secretsOf = (which: string) => ({
  key: `sk_the_${which}_key_of_the_gateway`,
  admin: `the-${which}-secret-of-the-admin-listener`,
  session: `the ${which} session secret of more than 32 characters`,
})
const [first, second] = [secretsOf('first'), secretsOf('second')]
/** Within five seconds, on a machine that has other work as well. */
const soon = { timeout: 20_000, interval: 250 }

let cwd: string
let config: Record<string, object | number>
let running: RunningPostern
let origin: string
let gateway: Server
let lastKey: string | undefined

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-refused-'))
  gateway = createServer((incoming, response) => {
    lastKey = incoming.headers.authorization?.replace('Bearer ', '')
    incoming.resume()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ id: 'x', object: 'chat.completion', model: 'm', choices: [{ finish_reason: 'stop', message: {} }] }))
  })
  for (const [name, text] of Object.entries(first)) write(name, text)
  write('ring', ringOf('one', 'two'))
  config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock', secret: { file: './admin' } },
    gateways: { main: { dialect: 'openai', baseURL: `${await listenAnywhere(gateway)}/v1`, attempts: 1 } },
    keys: { acme: { gateway: 'main', secret: { file: './key' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: {
      session: { secret: { file: './session' } },
      service: { hashes: { file: './ring' }, principals: { one: { team: 'acme' }, two: { team: 'acme' } } },
    },
    store: { memory: true },
  }
})

afterEach(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  gateway.closeAllConnections()
  gateway.close()
  rmSync(cwd, { recursive: true })
})

function write(name: string, text: string): void {
  writeFileSync(join(cwd, `${name}.new`), text)
  renameSync(join(cwd, `${name}.new`), join(cwd, name))
}

function writeConfig(changes: object = {}): void {
  write('postern.json', JSON.stringify({ ...config, ...changes }))
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  writeConfig()
  running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
  origin = url
}

async function ask(bearer = `${credential}one`): Promise<number> {
  const answer = await fetch(`${origin}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [] }),
  })
  await answer.text()
  return answer.status
}

function askAdmin(method: string, path: string, secret?: string): Promise<{ readonly status: number | undefined; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = secret === undefined ? {} : { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
    httpRequest({ socketPath: join(cwd, 'admin.sock'), method, path, headers }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => (text += piece.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) as unknown }))
    })
      .on('error', reject)
      .end(method === 'POST' ? JSON.stringify({ user: 'ada', team: 'acme' }) : undefined)
  })
}

const readiness = async (): Promise<unknown> => (await askAdmin('GET', '/readyz')).body

const lines = (message: string, by?: string): readonly Record<string, unknown>[] =>
  running
    .stdout()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${message}"`) && (by === undefined || line.includes(`"by":"${by}"`)))
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Has everything read again, and waits until it was refused. */
async function hangUpInVain(): Promise<void> {
  const refused = lines('configuration_refused', 'signal').length
  running.child.kill('SIGHUP')
  await expect.poll(() => lines('configuration_refused', 'signal').length, soon).toBeGreaterThan(refused)
}

describe('secrets that changed before a configuration was refused', () => {
  const newKey = {
    keys: { acme: { gateway: 'main', secret: { file: './key' } }, other: { gateway: 'main', secret: { file: './missing' } } },
  }
  test.each<readonly [string, object]>([
    ['has an error', { policies: { maxTokens: -1 } }],
    ['changes what cannot change', { listen: { port: 1 } }],
    ['names a file that is not there', newKey],
    ['is of another version', { version: 2 }],
  ])('are in use within five seconds all the same, where it %s', async (_, changes) => {
    await start()
    expect([await ask(), lastKey, (await askAdmin('POST', '/admin/v1/sessions', first.admin)).status]).toEqual([200, first.key, 201])
    for (const [name, text] of Object.entries(second)) write(name, text)
    write('ring', ringOf('two'))
    writeConfig(changes)
    await hangUpInVain()
    await expect.poll(() => ask(), soon).toBe(401)
    const [old, fresh] = await Promise.all(
      [first, second].map(
        async ({ session }) => (await createSessionMinter({ secret: session }).mint({ user: 'ada', team: 'acme' })).token,
      ),
    )
    expect([await ask(`${credential}two`), lastKey, await ask(old), await ask(fresh)]).toEqual([200, second.key, 401, 200])
    const statuses = await Promise.all(
      [first, second].map(async ({ admin }) => (await askAdmin('POST', '/admin/v1/sessions', admin)).status),
    )
    expect(statuses).toEqual([401, 201])
  })

  test('are in use although a watched configuration is refused in the same moment', async () => {
    config['reload'] = { watch: true }
    await start()
    writeConfig({ policies: { maxTokens: -1 } })
    write('ring', ringOf('two'))
    await expect.poll(() => lines('configuration_refused', 'watch').length, soon).toBeGreaterThan(0)
    await expect.poll(() => ask(), soon).toBe(401)
    expect(await readiness()).toMatchObject({ reload: { status: 'refused' }, secrets: { status: 'taken' } })
  })
})

describe('a file of a secret that is refused', () => {
  test('is refused once until it changes, and then taken', async () => {
    await start()
    write('ring', 'one:nothing')
    await expect.poll(() => lines('configuration_refused', 'secret file').length, soon).toBe(1)
    expect(await readiness()).toEqual({ status: 'ready', secrets: { at: expect.any(String), status: 'refused' } })
    await hangUpInVain()
    // Two files that change one after the other show that the watch has looked several times in between.
    write('key', second.key)
    await expect.poll(() => lines('configuration_refused', 'secret file').length, soon).toBe(2)
    write('ring', ringOf('two'))
    await expect.poll(() => ask(), soon).toBe(401)
    expect([await ask(`${credential}two`), lastKey]).toEqual([200, second.key])
    expect(lines('configuration_refused', 'secret file')).toHaveLength(2)
  })

  test.each([
    ['store.redis', 'redis', { store: { redis: { file: './address' } } }],
    ['store.postgres', 'postgres', { store: { postgres: { file: './address' } } }],
    ['ledger.postgres', 'postgres', { ledger: { postgres: { file: './address' } } }],
  ])('is not that of %s, whose address waits for a new start and holds up no other secret', async (setting, scheme, settings) => {
    Object.assign(config, settings)
    write('address', `${scheme}://user:a-first-password@127.0.0.1:9/0`)
    await start()
    write('address', `${scheme}://user:another-password@127.0.0.1:9/0`)
    write('ring', ringOf('two'))
    await expect.poll(() => ask(), soon).toBe(401)
    await expect
      .poll(() => running.stdout(), soon)
      .toMatch(new RegExp(`${setting.replace('.', '\\.')}: is another one now, and cannot change while Postern runs`))
    expect(running.stdout()).not.toMatch(/a-first-password|another-password/)
  })

  test('is no longer spoken of once everything was taken', async () => {
    await start()
    write('ring', '')
    await expect.poll(() => lines('configuration_refused', 'secret file').length, soon).toBe(1)
    write('ring', ringOf('two'))
    running.child.kill('SIGHUP')
    await running.prints(/configuration_taken/)
    expect(await readiness()).toEqual({ status: 'ready', reload: { at: expect.any(String), status: 'taken' } })
  })
})

describe('what a refused configuration waits for', () => {
  test('is noticed and told also after another secret was taken', async () => {
    config['reload'] = { watch: true }
    await start()
    writeConfig({
      keys: { acme: { gateway: 'main', secret: { file: './key' } }, other: { gateway: 'main', secret: { file: './other' } } },
      bindings: [{ team: 'acme', key: 'other' }],
    })
    await expect.poll(() => lines('configuration_refused', 'watch').length, soon).toBe(1)
    write('ring', ringOf('two'))
    await expect.poll(() => lines('configuration_taken', 'secret file').length, soon).toBe(1)
    expect(await readiness()).toMatchObject({ reload: { status: 'refused' }, secrets: { status: 'taken' } })
    write('other', 'sk_another_key_of_the_gateway')
    await expect.poll(async () => (await ask(`${credential}two`), lastKey), soon).toBe('sk_another_key_of_the_gateway')
    expect(await readiness()).toEqual({ status: 'ready', reload: { at: expect.any(String), status: 'taken' } })
  })

  test('is waited for in silence where the configuration itself is gone', async () => {
    config['reload'] = { watch: true }
    await start()
    rmSync(join(cwd, 'postern.json'))
    await expect.poll(() => lines('configuration_refused', 'watch').length, soon).toBe(1)
    write('ring', ringOf('two'))
    await expect.poll(() => ask(), soon).toBe(401)
    expect(lines('configuration_refused', 'watch')).toHaveLength(1)
    writeConfig({ policies: { models: ['other'] } })
    await expect.poll(() => ask(`${credential}two`), soon).toBe(403)
  })
})

describe('the file of NODE_EXTRA_CA_CERTS', () => {
  const variable = 'NODE_EXTRA_CA_CERTS'
  const warnings = (): readonly unknown[] =>
    running
      .stdout()
      .split('\n')
      .filter((line) => line.includes(`"msg":"${variable}`))
      .map((line) => (JSON.parse(line) as { readonly msg: string }).msg)
  const reload = async (): Promise<void> => {
    expect(await askAdmin('POST', '/admin/v1/reload', first.admin)).toMatchObject({ status: 200 })
  }

  test('is judged as it was at the start: one that is gone since is said to have changed, and to need a new start', async () => {
    write('ours.pem', signedByItself)
    await start({ [variable]: join(cwd, 'ours.pem') })
    await reload()
    expect(warnings()).toEqual([])
    rmSync(join(cwd, 'ours.pem'))
    await reload()
    await expect
      .poll(() => warnings(), soon)
      .toEqual([expect.stringMatching(/has changed since this process started: Node read it then\. A new start/)])
  })

  test('is said to need a new start where it was no certificate at the start and is one now', async () => {
    write('ours.pem', 'nothing')
    await start({ [variable]: join(cwd, 'ours.pem') })
    expect(warnings()).toEqual([expect.stringMatching(/holds no certificate in PEM, so its authorities are not trusted/)])
    write('ours.pem', signedByItself)
    await reload()
    await expect
      .poll(() => warnings()[1], soon)
      .toMatch(/has changed since this process started: Node read it then and could not use it\. A new start/)
  })
})
