import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedByItself, testKey } from '../support/certificate-of-nobody.js'
import { runInProcess } from '../support/run-in-process.js'
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
    const { code, stderr } = await runInProcess(['check', '--config', 'broken.yaml'], { cwd })
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('says of a directory that it is one, and which file to name', async () => {
    const { code, stderr } = await runInProcess(['check', '--config', cwd], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain(`${cwd} is a directory. Name the file in it, such as ${join(cwd, 'postern.yaml')}.`)
  })

  test.each<[what: string, further: string, code: number, said: RegExp]>([
    [
      'probes on the port of the data listener',
      'listen: { port: 7001 }\nhealth: { port: 7001 }\n',
      1,
      /health\.port: is 7001, the port of "listen"/,
    ],
    ['probes on a port of every address', 'admin: { port: 7002 }\nhealth: { host: 0.0.0.0, port: 7002 }\n', 1, /health\.port: .*"admin"/],
    ['the admin listener on the port for calls', 'listen: { port: 7003 }\nadmin: { port: 7003 }\n', 1, /admin\.port: .*"listen"/],
    ['an audit in a folder that is not there', 'audit: { file: ./nowhere/audit.jsonl }\n', 1, /audit\.file: .*its folder does not exist/],
    ['an audit that is a folder', 'audit: { file: . }\n', 1, /audit\.file: .*no regular file/],
    ['listeners on free ports', 'listen: { port: 0 }\nadmin: { port: 0 }\nhealth: { port: 0 }\n', 0, /^/],
    [
      'a credential with a name of the audit',
      'admin: { socket: s, credentials: { watch: { hash: HASH, roles: [read] } } }\n',
      1,
      /reserved are .*watch/,
    ],
  ])('says of %s whether it can start', async (_, further, code, said) => {
    const text = `${config.replace(/ {2}service.*\n/, '')}${further.replace('HASH', 'ab'.repeat(32))}`
    writeFileSync(join(cwd, 'places.yaml'), text)
    const { stdout, ...result } = await runInProcess(['check', '--config', 'places.yaml'], { cwd })
    expect(result).toMatchObject({ code, stderr: expect.stringMatching(said) })
    expect(stdout.includes('is good')).toBe(code === 0)
  })

  test('warns of bindings that are an empty list, since every call would be refused', async () => {
    const none = config.replace(/bindings.*\n/, 'bindings: []\n').replace(/ {2}service.*\n/, '')
    writeFileSync(join(cwd, 'none.yaml'), none)
    const { code, stderr } = await runInProcess(['check', '--config', 'none.yaml'], { cwd })
    expect([code, stderr]).toEqual([0, expect.stringContaining('bindings: is an empty list')])
  })

  test('counts warnings where a configuration is good, and does not call them problems', async () => {
    const rules = config.replace('maxTokens', 'rules: [{ team: acmee, models: [auto] }], maxTokens').replace(/ {2}service.*\n/, '')
    writeFileSync(join(cwd, 'warned.yaml'), `${rules}admin: { port: 0 }\n`)
    const { code, stdout, stderr } = await runInProcess(['check', '--config', 'warned.yaml'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toBe('warned.yaml is good: 1 key, 1 binding, 0 service callers, with 2 warnings.\n')
    expect(stderr).toMatch(/^Worth a look in warned\.yaml:\n {2}policies\.rules\[0\]\.team: .*\n {2}admin: .*\n$/)
  })
})

describe('a backend that is Postern itself', () => {
  const own = async (listen: string, rest: string) => {
    writeFileSync(join(cwd, 'own.yaml'), `${config.replace(/ {2}service.*\n/, rest)}listen: ${listen}\n`)
    return runInProcess(['check', '--config', 'own.yaml'], { cwd })
  }

  test.each([
    ['{ port: 8787 }', 'http://127.0.0.1:8787'],
    ['{ port: 8787 }', 'http://localhost:8787'],
    ['{ port: 8787 }', 'http://0.0.0.0:8787'],
    ['{ host: 0.0.0.0, port: 8787 }', 'http://127.0.0.1:8787'],
    ['{ host: 0.0.0.0, port: 8787 }', 'http://localhost:8787'],
    ['{ host: "::", port: 8787 }', 'http://[::1]:8787'],
    ['{ host: localhost, port: 80 }', 'http://127.0.0.1'],
    ['{ host: ai.internal, port: 8443 }', 'http://ai.internal:8443'],
  ])('is refused by check, listening on %s, as %s', async (listen, url) => {
    const asBackend = await own(listen, `backend: { url: '${url}' }\n`)
    expect(asBackend.code).toBe(1)
    expect(asBackend.stderr).toMatch(/backend\.url: is the address where Postern itself listens .*Write the address of your own server/)
    const asked = await own(listen, `  forwardAuth: { url: '${url}/api/me' }\n`)
    expect(asked.code).toBe(1)
    expect(asked.stderr).toContain('callers.forwardAuth.url: is the address where Postern itself listens')
  })

  test.each([
    ['{ port: 8787 }', 'http://127.0.0.1:3000'],
    ['{ port: 8787 }', 'unix:/run/app.sock'],
    ['{ port: 8787 }', 'http://app.internal:8787'],
    ['{ port: 0 }', 'http://127.0.0.1:8787'],
  ])('is not taken for one, listening on %s: %s', async (listen, url) => {
    expect((await own(listen, `backend: { url: '${url}' }\n`)).code).toBe(0)
  })
})

describe('NODE_EXTRA_CA_CERTS', () => {
  const check = async (dotenv: string, env: Readonly<Record<string, string>> = {}, run: typeof runInProcess = runInProcess) => {
    const folder = mkdtempSync(join(cwd, 'authorities-'))
    writeFileSync(join(folder, 'postern.yaml'), config.replace(/ {2}service.*\n/, ''))
    writeFileSync(join(folder, '.env'), `ACME_KEY=jt_0123456789\nSESSION_SECRET=${'s'.repeat(32)}\n${dotenv}`)
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.pem`), text)
    return run(['check'], { cwd: folder, env })
  }
  const garbage = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n-----END CERTIFICATE-----\n'
  const files = {
    good: `words before\n${signedByItself}`,
    key: testKey,
    'key-and-good': `${testKey}${signedByItself}`,
    bad: 'no certificate',
    end: '-----END CERTIFICATE-----\n',
    trusted: signedByItself.replaceAll(' CERTIFICATE', ' TRUSTED CERTIFICATE'),
    garbage,
    cut: signedByItself.slice(0, 200),
    'good-and-garbage': `${signedByItself}${garbage}`,
    'good-and-cut': `${signedByItself}${signedByItself.slice(0, 200)}`,
    wide: signedByItself.replaceAll(/./gs, '$&\0'),
  }

  test('in .env is said to have no effect, with the line that has one', async () => {
    const { code, stderr } = await check('NODE_EXTRA_CA_CERTS=/etc/ours.pem\n')
    expect(code).toBe(0)
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS: has no effect in .env')
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS=/etc/ours.pem postern start')
  })

  test.each([
    ['nowhere', 'cannot be read (ENOENT), so its authorities are not trusted.'],
    ['bad', 'holds no certificate in PEM, so its authorities are not trusted.'],
    ['key', 'holds no certificate in PEM, so its authorities are not trusted.'],
    ['end', 'holds no certificate in PEM, so its authorities are not trusted.'],
    ['trusted', 'holds no certificate in PEM, so its authorities are not trusted.'],
    ['wide', 'holds no certificate in PEM, so its authorities are not trusted.'],
    ['garbage', 'holds a block, number 1, that is no certificate that can be read, so its authorities are not trusted.'],
    ['cut', 'holds a block, number 1, that is cut off, so its authorities are not trusted.'],
    [
      'good-and-garbage',
      'holds a block, number 2, that is no certificate that can be read, so only the authorities before it are trusted.',
    ],
    ['good-and-cut', 'holds a block, number 2, that is cut off, so only the authorities before it are trusted.'],
  ])('is said to be passed over where it names %s.pem', async (name, says) => {
    const { code, stderr } = await check('', { NODE_EXTRA_CA_CERTS: `${name}.pem` })
    expect(code).toBe(0)
    expect(stderr).toContain(`NODE_EXTRA_CA_CERTS: names the file ${name}.pem, which ${says} Correct it, and start again.`)
  })

  test.each(['good', 'key-and-good'])('is not spoken of where it names %s.pem, which Node can read', async (name) => {
    expect((await check('', { NODE_EXTRA_CA_CERTS: `${name}.pem` })).stderr).not.toContain('names the file')
  })

  test('in .env is said to have no effect where the process has another value', async () => {
    const { code, stderr } = await check('NODE_EXTRA_CA_CERTS=/etc/ours.pem\n', { NODE_EXTRA_CA_CERTS: 'good.pem' })
    expect(code).toBe(0)
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS: is /etc/ours.pem in .env, which has no effect: the process has it as good.pem.')
  })

  test('is not spoken of where the process has it, although .env has it too', async () => {
    // A process of its own, whose Node reads the file as well.
    const { stderr } = await check('NODE_EXTRA_CA_CERTS=good.pem\n', { NODE_EXTRA_CA_CERTS: 'good.pem' }, runPostern)
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
    const { stdout } = await runInProcess(words, { cwd: folder, env })
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'forwarded', key: 'acme' })
    const { code, stderr } = await runInProcess(words, { cwd: folder })
    expect(code).toBe(1)
    expect(stderr).toContain('keys.acme.secret: points to the environment variable ACME_KEY, which is not set.')
    const checked = await runInProcess(['check'], { cwd: folder })
    expect(checked.code).toBe(1)
    for (const name of ['ACME_KEY', 'SESSION_SECRET', 'RING_OF_HASHES', 'ADMIN_SECRET', 'REDIS'])
      expect(checked.stderr).toContain(`${name}, which is not set`)
  })

  const explain = (...words: string[]) => runInProcess(['explain', '--config', 'sessions.yaml', '--team', 'acme', ...words], { cwd })

  test('says that a ceiling makes it mandatory to say how many tokens are wanted', async () => {
    expect((await explain('--model', 'auto')).stdout).toMatch(/most tokens.*100; a request must say how many it wants/)
  })

  test('says that endpoints are all that are open where no rule names some, and models any', async () => {
    writeFileSync(join(cwd, 'free.yaml'), config.replace(/policies.*\n/, '').replace(/ {2}service.*\n/, ''))
    const { stdout } = await runInProcess(['explain', '--config', 'free.yaml', '--team', 'acme', '--model', 'auto'], { cwd })
    expect(stdout).toMatch(/endpoints\s+.*all that are open/)
    expect(stdout).toMatch(/models\s+.*any/)
  })

  test('says of several lists that a model must be on each', async () => {
    const rules = 'policies: { models: [gpt-4], rules: [{ team: acme, models: [claude-*] }] }\n'
    writeFileSync(join(cwd, 'nothing.yaml'), config.replace(/policies.*\n/, rules).replace(/ {2}service.*\n/, ''))
    const { stdout } = await runInProcess(['explain', '--config', 'nothing.yaml', '--team', 'acme', '--model', 'gpt-4'], { cwd })
    expect(stdout).toContain('only what is on each of these lists: [gpt-4] and [claude-*]')
  })

  test.each(['chat/completions', 'v1/chat/completions', '/v1/chat/completions', '/ai/v1/chat/completions'])(
    'takes a path as rules, clients or the API write it: %s',
    async (path) => {
      const { stdout } = await explain('--path', path, '--model', 'auto')
      expect(stdout).toContain('https://api.joytokens.ai/openai/v1/chat/completions')
    },
  )

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
    const { stdout } = await runInProcess(words, { cwd })
    const { exp = 0, iat = 0 } = decodeJwt(stdout.trim())
    expect(exp - iat).toBe(seconds)
  })

  test.each(['0', '-5', '1.5', '5x'])('refuses a lifetime of %s', async (ttl) => {
    const words = ['session', 'mint', '--config', 'sessions.yaml', '--user', 'ada', `--ttl=${ttl}`]
    expect(await runInProcess(words, { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"ttl" is a whole number') as string,
    })
  })
})

describe('postern callers', () => {
  test('list says that the variable of the ring is not set', async () => {
    const { code, stdout } = await runInProcess(['callers', 'list'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('RING_OF_HASHES is not set, neither in this environment nor in ')
    expect(stdout).toContain('Add one with "postern callers add".')
    expect((await runInProcess(['callers', 'list', '--json'], { cwd })).stdout).toBe('[]\n')
  })

  test('list says that the file of the ring is not there', async () => {
    writeFileSync(join(cwd, 'filed.yaml'), config.replace('{ env: RING_OF_HASHES }', '{ file: ring.txt }'))
    expect((await runInProcess(['callers', 'list', '--config', 'filed.yaml'], { cwd })).stdout).toMatch(
      /^The file .*ring\.txt is not there yet/,
    )
  })

  test('callers add says why nothing is written, gives the line with the .env to put it into, and what has it used', async () => {
    const { stdout } = await runInProcess(['callers', 'add', 'agent'], { cwd })
    expect(stdout).toMatch(/Nothing is written: RING_OF_HASHES is not set, neither in this environment nor in .*\.env\.\n/)
    expect(stdout).toMatch(
      /Put this line into \S+\.env, or what sets the environment of the sidecar:\s+RING_OF_HASHES=agent:[0-9a-f]{64}@?/,
    )
    expect(stdout).toMatch(/until it is started again with this line, or, if \.env has it, until "postern reload"/)
  })
})
