import { execFile } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { checkConfig } from '@postern/config'
import { parse } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { bin, type RunningPostern, startPostern } from '../support/run-postern.js'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
/** Inside the repository, so that the packages which the examples import are found. */
const folder = join(import.meta.dirname, `.examples-${process.pid}`)
const printedAddress = 'http://127.0.0.1:8787'

function example(name: string): string {
  const match = new RegExp(`<!-- example: ${name.replaceAll('.', '\\.')} -->\n\`\`\`\\w+\n([\\s\\S]*?)\n\`\`\``).exec(readme)
  if (match === null) throw new Error(`The README has no example "${name}".`)
  return match[1] as string
}

/** Runs an example as it is printed, but for the address. */
async function runExample(
  name: string,
  origin: string,
  env: Readonly<Record<string, string>> = {},
  around = (code: string): string => code,
): Promise<string> {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, around(example(name).replaceAll(printedAddress, origin)))
  const { stdout } = await execute(process.execPath, [file], { env: { PATH: process.env['PATH'], ...env } })
  return stdout.trim()
}

let demo: RunningPostern
let demoOrigin: string
let demoCredential: string
beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  demo = startPostern(['demo', '--port', '0'])
  demoOrigin = (await demo.prints(/Chat page\s+(http:\S+)\//))[1] as string
  demoCredential = (await demo.prints(/Credential\s+(\S+)/))[1] as string
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  demo.child.kill('SIGINT')
  await demo.finished
})

describe('the examples of the README run as they are printed', () => {
  test('a page that calls its own origin, against the demo', async () => {
    expect(await runExample('browser', demoOrigin)).toContain('Hello')
  })

  test('five commands lead from nothing to a call', async () => {
    const cwd = join(folder, 'first-call')
    mkdirSync(cwd)
    const emulated = startPostern(['emulate', 'joytoken', '--key', 'acme=jt_of_the_example'])
    const [, gateway] = await emulated.prints(/answers at (\S+)/)
    const port = await freePort()
    const lines = example('first-call').replace(printedAddress, `http://127.0.0.1:${port}`).split('\n')
    const [init = '', key = '', check = '', start = '', call = ''] = lines
    const shell = (line: string, env: Readonly<Record<string, string>> = {}) =>
      execute('sh', ['-c', `postern() { '${process.execPath}' '${bin}' "$@"; }\n${line}`], {
        cwd,
        env: { PATH: process.env['PATH'], ...env },
      })

    const written = await shell(init.replace('--yes', `--yes --port ${port} --base-url ${gateway}`))
    const credential = /^ {2}(pst_\S+)$/m.exec(written.stdout)?.[1] as string
    await shell(key.replace('jt_…', 'jt_of_the_example'))
    expect((await shell(check)).stdout).toContain('is good')
    expect(start).toMatch(/^postern start /)
    const started = startPostern(['start'], { cwd })
    await started.prints(/"msg":"listening"/)
    expect((await shell(call, { CREDENTIAL: credential })).stdout).toContain('Hello')
    for (const { child, finished } of [started, emulated]) {
      child.kill('SIGINT')
      await finished
    }
  })

  test('a multi-tenant backend, against the demo', async () => {
    expect(await runExample('multi-tenant', demoOrigin, { POSTERN_CREDENTIAL: demoCredential })).toBe('globex')
  })

  test('an agent, against the demo', async () => {
    const id = await runExample('agent', demoOrigin, { POSTERN_CREDENTIAL: demoCredential })
    expect(id).toMatch(/^onboarding-42\.draft\.[0-9A-Z]{26}\.1$/)
  })

  test('and the demo says who called, which no redaction takes away', async () => {
    await demo.prints(/onboarding-42\.draft/)
    expect(demo.stdout()).toMatch(/chat\/completions · \S+ · key/)
    expect(demo.stdout()).not.toContain('[redacted]')
  })

  test('Postern inside an Express application', async () => {
    const config = { version: 1, gateways: {}, keys: {}, bindings: [], callers: { service: { hashes: { env: 'RING' } } } }
    const printed = await runExample('embedded', '', { RING: `a:${hash('sha256', randomBytes(9).toString('hex'))}` }, (code) =>
      code.replace('const app', `const config = ${JSON.stringify(config)}\nconst app`).concat(
        `\nconst server = app.listen(0, async () => {
          const answer = await fetch(\`http://127.0.0.1:\${server.address().port}/ai/v1/models\`)
          console.log(answer.status, (await answer.json()).error.code)
          process.exit()
        })`,
      ),
    )
    expect(printed).toContain('401 caller_missing')
  })

  test('a backend that mints sessions', async () => {
    const printed = await runExample(
      'mint',
      '',
      { POSTERN_SESSION_SECRET: 's'.repeat(32) },
      (code) => `${code}\nconsole.log(token.split('.').length, expiresAt > Date.now() / 1000)`,
    )
    expect(printed).toBe('3 true')
  })

  test('the configuration is one that can be used', () => {
    mkdirSync(join(folder, 'secrets'))
    writeFileSync(join(folder, 'secrets', 'globex'), 'jt_0123456789\n')
    const ring = ['billing-agent', 'app-backend'].map((label) => `${label}:${hash('sha256', label)}`).join('\n')
    const env = { JOY_KEY_ACME: 'jt_9876543210', POSTERN_SESSION_SECRET: 's'.repeat(32), GATEWAY_API_KEY_HASHES: ring }
    expect(checkConfig(parse(example('postern.yaml')), { env, directory: folder }).problems).toEqual([])
  })

  test('what opens and bounds more fits into a configuration', () => {
    const config = {
      version: 1,
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' }, shared: true } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } } },
      ...(parse(example('opened.yaml')) as object),
    }
    const env = { KEY: 'sk-0123456789abcdef', SESSION: 's'.repeat(32) }
    expect(checkConfig(config, { env, directory: folder }).problems).toEqual([])
  })
})

describe('the documents', () => {
  const pages = [
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'docs/performance.md',
    'docs/client.md',
    'docs/configuration.md',
    'docs/README.md',
    'docs/deployment.md',
    'docs/express.md',
    'docs/init.md',
    'docs/token-format.md',
    'docs/operations.md',
    'docs/prices.md',
    'docs/way-of-a-call.md',
    'docs/server.md',
    'docs/settings.md',
    'docs/identity.md',
    'docs/other-sdks.md',
    'docs/errors.md',
    'examples/README.md',
  ]

  test.each(pages)('%s links only to what is there', (page) => {
    const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] as string)
    expect(links.filter((link) => !existsSync(resolve(root, dirname(page), link)))).toEqual([])
  })

  test('the guarantees of SECURITY.md are tests of those names', () => {
    const names = [...readFileSync(join(root, 'SECURITY.md'), 'utf8').matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(
      (match) => match[1] as string,
    )
    expect(names.length).toBeGreaterThan(10)
    const tests = readdirSync(join(root, 'test/security')).map((file) => file.replace(/\.test\.ts$/, ''))
    expect(names.toSorted()).toEqual(tests.toSorted())
  })
})
