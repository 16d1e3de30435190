import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runPostern } from '../support/run-postern.js'

let cwd: string

const config = `version: 1
gateways: { main: { dialect: joytoken } }
keys: { acme: { gateway: main, secret: { env: ACME_KEY } } }
bindings: [{ team: acme, key: acme }]
policies: { maxTokens: 100, models: [auto] }
callers:
  session: { secret: { env: SESSION_SECRET } }
  service: { hashes: { env: RING_OF_HASHES } }
`

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-messages-'))
  writeFileSync(join(cwd, 'postern.yaml'), config)
  writeFileSync(join(cwd, 'sessions.yaml'), config.replace(/ {2}service.*\n/, ''))
  writeFileSync(join(cwd, '.env'), `ACME_KEY=jt_0123456789\nSESSION_SECRET=${'s'.repeat(32)}\n`)
})
afterAll(() => rmSync(cwd, { recursive: true }))

describe('postern check', () => {
  test.each([
    ['a: [1, 2', /line \d+, column \d+: .* close every \[ and \{\.$/],
    ['models: [*]', /line 1, column 10: .* Write a text that begins with \* in quotes, such as "\*"\.$/],
    ['models: *all', /line 1: "\*all" reads as a YAML alias, .* write it in quotes: "\*all"\.$/],
    ['a:\n\tb: 1', /line 2, column 1: Tabs are not allowed as indentation\. Indent with spaces\.$/],
    ['acme: 1\n"acme": 2', /line 2, column 1: the key "acme" stands there a second time; keys must be unique\. Keep one/],
    ['a: 1\n---\nb: 2', /line 2, column 1: a second document begins there\. Keep one configuration in a file: remove the line ---\.$/],
    ['a: x: y', /line 1, column 4: .*stands in quotes\.$/],
    ['', /^broken\.yaml is empty\. Start from the example in README\.md\.$/],
    ['# nothing yet\n', /^broken\.yaml is empty\./],
  ])('says of a file that holds %j where it is wrong and what to write', async (text, message) => {
    writeFileSync(join(cwd, 'broken.yaml'), text)
    const { code, stderr } = await runPostern(['check', '--config', 'broken.yaml'], { cwd })
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('counts warnings where a configuration is good, and does not call them problems', async () => {
    const rules = config.replace('maxTokens', 'rules: [{ team: acmee, models: [auto] }], maxTokens').replace(/ {2}service.*\n/, '')
    writeFileSync(join(cwd, 'warned.yaml'), `${rules}admin: { port: 0 }\n`)
    const { code, stdout, stderr } = await runPostern(['check', '--config', 'warned.yaml'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toBe('warned.yaml is good: 1 key, 1 binding, 0 service callers, with 2 warnings.\n')
    expect(stderr).toMatch(/^Worth a look in warned\.yaml:\n {2}policies\.rules\[0\]\.team: .*\n {2}admin: .*\n$/)
  })
})

describe('NODE_EXTRA_CA_CERTS', () => {
  const check = async (dotenv: string, env: Readonly<Record<string, string>> = {}) => {
    const folder = mkdtempSync(join(cwd, 'authorities-'))
    writeFileSync(join(folder, 'postern.yaml'), config.replace(/ {2}service.*\n/, ''))
    writeFileSync(join(folder, '.env'), `ACME_KEY=jt_0123456789\nSESSION_SECRET=${'s'.repeat(32)}\n${dotenv}`)
    writeFileSync(join(folder, 'good.pem'), authority)
    writeFileSync(join(folder, 'bad.pem'), 'no certificate')
    return runPostern(['check'], { cwd: folder, env })
  }
  const authority = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n'

  test('in .env is said to have no effect, with the line that has one', async () => {
    const { code, stderr } = await check('NODE_EXTRA_CA_CERTS=/etc/ours.pem\n')
    expect(code).toBe(0)
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS: has no effect in .env')
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS=/etc/ours.pem postern start')
  })

  test.each([
    ['nowhere.pem', 'names the file nowhere.pem, which cannot be read (ENOENT), so its authorities are not trusted.'],
    ['bad.pem', 'names the file bad.pem, which holds no certificate in PEM, so its authorities are not trusted.'],
  ])('is said to be passed over where it names %s', async (file, says) => {
    const { code, stderr } = await check('', { NODE_EXTRA_CA_CERTS: file })
    expect(code).toBe(0)
    expect(stderr).toContain(`NODE_EXTRA_CA_CERTS: ${says} Correct it, and start again.`)
  })

  test('is not spoken of where the process has it, although .env has it too', async () => {
    const { stderr } = await check('NODE_EXTRA_CA_CERTS=good.pem\n', { NODE_EXTRA_CA_CERTS: 'good.pem' })
    expect(stderr).not.toContain('has no effect')
    expect(stderr).not.toContain('not trusted')
  })
})

describe('postern explain', () => {
  test('needs no secret but those of the gateway keys, and check names each that is missing at once', async () => {
    const folder = mkdtempSync(join(cwd, 'secretless-'))
    writeFileSync(
      join(folder, 'postern.yaml'),
      `${config}admin: { port: 0, secret: { env: ADMIN_SECRET } }\nstore: { redis: { env: REDIS } }\n`,
    )
    const words = ['explain', '--team', 'acme', '--model', 'auto', '--path', '/v1/models', '--method', 'GET', '--json']
    const env = { ACME_KEY: 'jt_0123456789' }
    const { stdout } = await runPostern(words, { cwd: folder, env })
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'forwarded', key: 'acme' })
    const { code, stderr } = await runPostern(words, { cwd: folder })
    expect(code).toBe(1)
    expect(stderr).toContain('keys.acme.secret: points to the environment variable ACME_KEY, which is not set.')
    const checked = await runPostern(['check'], { cwd: folder })
    expect(checked.code).toBe(1)
    for (const name of ['ACME_KEY', 'SESSION_SECRET', 'RING_OF_HASHES', 'ADMIN_SECRET', 'REDIS'])
      expect(checked.stderr).toContain(`${name}, which is not set`)
  })

  const explain = (...words: string[]) => runPostern(['explain', '--config', 'sessions.yaml', '--team', 'acme', ...words], { cwd })

  test('says that a ceiling makes it mandatory to say how many tokens are wanted', async () => {
    expect((await explain('--model', 'auto')).stdout).toMatch(/most tokens.*100; a request must say how many it wants/)
  })

  test('does not send its reader to itself', async () => {
    const { stdout } = await explain('--model', 'other')
    expect(stdout).toContain('the limits say what is allowed')
    expect(stdout).not.toContain('postern explain')
  })
})

describe('postern session mint', () => {
  test.each([
    ['5', 5],
    ['90', 90],
    ['2m', 120],
  ])('takes a lifetime of %s', async (ttl, seconds) => {
    const words = ['session', 'mint', '--config', 'sessions.yaml', '--user', 'ada', '--ttl', ttl]
    const { stdout } = await runPostern(words, { cwd })
    const { exp = 0, iat = 0 } = decodeJwt(stdout.trim())
    expect(exp - iat).toBe(seconds)
  })

  test.each(['0', '-5', '1.5', '5x'])('refuses a lifetime of %s', async (ttl) => {
    const words = ['session', 'mint', '--config', 'sessions.yaml', '--user', 'ada', `--ttl=${ttl}`]
    expect(await runPostern(words, { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"ttl" is a whole number') as string,
    })
  })
})

describe('postern callers', () => {
  test('list says that the variable of the ring is not set', async () => {
    const { code, stdout } = await runPostern(['callers', 'list'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('RING_OF_HASHES is not set, neither in this environment nor in ')
    expect(stdout).toContain('Add one with "postern callers add".')
    expect((await runPostern(['callers', 'list', '--json'], { cwd })).stdout).toBe('[]\n')
  })

  test('list says that the file of the ring is not there', async () => {
    writeFileSync(join(cwd, 'filed.yaml'), config.replace('{ env: RING_OF_HASHES }', '{ file: ring.txt }'))
    expect((await runPostern(['callers', 'list', '--config', 'filed.yaml'], { cwd })).stdout).toMatch(
      /^The file .*ring\.txt is not there yet/,
    )
  })

  test('add says that nothing is written and gives the line to put there', async () => {
    const { stdout } = await runPostern(['callers', 'add', 'agent'], { cwd })
    expect(stdout).toMatch(
      /Nothing is written\. Put this line where .*\.env beside the configuration:\s+RING_OF_HASHES=agent:[0-9a-f]{64}@?/,
    )
  })
})
