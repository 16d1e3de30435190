import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv, promisify } from 'node:util'
import { hash } from 'node:crypto'
import { EMULATED_GATEWAYS } from '@postern/emulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startCookieBackend } from '../support/cookie-backend.js'
import { freePort } from '../support/free-port.js'
import { runInProcess } from '../support/run-in-process.js'
import { bin, type RunningPostern, startPostern } from '../support/run-postern.js'

const execute = promisify(execFile)

interface Printed {
  readonly files: readonly string[]
  readonly credential: string | null
  readonly fill_in: readonly string[]
  readonly next: readonly string[]
}

let cwd: string
const running: RunningPostern[] = []
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-init-'))
})
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGINT')
    await finished
  }
  rmSync(cwd, { recursive: true })
})

const read = (name: string): string => readFileSync(join(cwd, name), 'utf8')
const variables = () => parseEnv(read('.env'))

async function init(...options: readonly string[]): Promise<Printed> {
  const { code, stdout, stderr } = await runInProcess(['init', '--json', ...options], { cwd })
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Printed
}

/** Runs a command that `init` printed, which begins with `node` and the file of the command. */
function begin(command: string, waitFor: RegExp): Promise<RegExpExecArray> {
  const words = command.split(' ').slice(2)
  const started = startPostern(words, { cwd })
  running.push(started)
  return started.prints(waitFor)
}

/** Runs a `curl` line as a person does, in a shell. */
async function inShell(line: string): Promise<string> {
  const { stdout } = await execute('sh', ['-c', `${line} -s`], { cwd, env: { PATH: process.env['PATH'] } })
  return stdout
}

describe('what postern init writes serves a call once the gateway key is there', () => {
  test.each(EMULATED_GATEWAYS)('with an emulated %s, by the commands that it prints, in their order', async (gateway) => {
    const port = String(await freePort())
    const { credential, next, fill_in } = await init('--gateway', gateway, '--emulated', '--port', port)
    expect(fill_in).toEqual([])
    const [emulate = '', check = '', start = '', curl = ''] = next
    const emulated = await freePort()
    writeFileSync(join(cwd, 'postern.yaml'), read('postern.yaml').replace('127.0.0.1:8790', `127.0.0.1:${emulated}`))
    await begin(emulate.replace('8790', String(emulated)), /answers at/)
    expect(await runInProcess(check.split(' ').slice(2), { cwd })).toMatchObject({ code: 0, stderr: '' })
    await begin(start, /"msg":"listening"/)
    expect(credential).toMatch(/^pst_/)
    expect(curl).toContain(credential)
    expect(await inShell(curl)).toMatch(/HTTP\/1\.1 200 OK[\s\S]*"key":"main"/)
  })

  test('with sessions, by a token that the printed command mints for its call', async () => {
    const port = String(await freePort())
    const options = ['--gateway', 'joytoken', '--emulated', '--team', 'a b', '--port', port]
    const { credential, next } = await init('--callers', 'session', ...options)
    expect(credential).toBeNull()
    const emulated = await freePort()
    writeFileSync(join(cwd, 'postern.yaml'), read('postern.yaml').replace('127.0.0.1:8790', `127.0.0.1:${emulated}`))
    await begin((next[0] as string).replace('8790', String(emulated)), /answers at/)
    await begin(next[2] as string, /"msg":"listening"/)
    expect(await inShell(next[3] as string)).toMatch(/HTTP\/1\.1 200 OK/)
  })

  test('with cookies, for a page whose cookie the backend knows', async () => {
    const backend = await startCookieBackend()
    const [port, emulated] = [String(await freePort()), await freePort()]
    const { next } = await init(
      '--gateway',
      'joytoken',
      '--emulated',
      '--team',
      'acme',
      '--callers',
      'cookie',
      '--cookie-owner',
      backend.url,
      '--port',
      port,
    )
    writeFileSync(join(cwd, 'postern.yaml'), read('postern.yaml').replace('127.0.0.1:8790', `127.0.0.1:${emulated}`))
    await begin((next[0] as string).replace('8790', String(emulated)), /answers at/)
    await begin(next[2] as string, /"msg":"listening"/)
    const answer = await fetch(`http://127.0.0.1:${port}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: { cookie: backend.signIn('u_7', 'acme'), 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}',
    })
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Hello')])
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('An application')
    await backend.stop()
  })

  test('with a real gateway check names the variable that is missing, and is content when it is filled in', async () => {
    const { fill_in } = await init('--dialect', 'mintoken')
    expect(fill_in).toEqual(['MINTOKEN_API_KEY', 'PROVIDER_API_KEY'])
    const empty = await runInProcess(['check'], { cwd })
    expect(empty.code).toBe(1)
    for (const name of fill_in) expect(empty.stderr).toContain(`${name}, which is not set`)
    // As the README appends it.
    const filled = `${read('.env')}MINTOKEN_API_KEY=mt_live_0123456789\nPROVIDER_API_KEY=sk-0123456789\n`
    for (const name of fill_in) expect(filled.match(new RegExp(`^${name}=`, 'gm'))).toHaveLength(1)
    writeFileSync(join(cwd, '.env'), filled)
    expect(await runInProcess(['check'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('what postern init writes', () => {
  test('keeps secrets in .env, which only its owner reads, and no credential in any file', async () => {
    const { credential, files } = await init('--gateway', 'opentoken')
    expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600)
    expect(variables()).toEqual({ GATEWAY_API_KEY_HASHES: `app:${hash('sha256', credential as string)}` })
    for (const file of files) expect(readFileSync(file, 'utf8')).not.toContain(credential)
  })

  test('names a schema that is there, where the package is installed above it as well as where it is not', async () => {
    const named = (): string => /^# yaml-language-server: \$schema=(.+)$/m.exec(read('postern.yaml'))?.[1] as string
    await init('--gateway', 'joytoken')
    expect(named()).toBe('./postern.schema.json')
    const packaged = join(import.meta.dirname, '../../packages/config/postern.schema.json')
    expect(read('postern.schema.json')).toBe(readFileSync(packaged, 'utf8'))

    const inside = mkdtempSync(join(import.meta.dirname, '.init-'))
    try {
      const { files } = JSON.parse((await runInProcess(['init', '--gateway', 'joytoken', '--json'], { cwd: inside })).stdout) as Printed
      expect(files.map((file) => file.slice(inside.length + 1))).toEqual(['postern.yaml', '.env'])
      expect(readFileSync(join(inside, 'postern.yaml'), 'utf8')).toContain(
        '$schema=../../../node_modules/@postern/config/postern.schema.json',
      )
    } finally {
      rmSync(inside, { recursive: true })
    }
  })

  test('never takes the place of a file or a variable without --force, and then of nothing else', async () => {
    await init('--gateway', 'joytoken')
    const before = [read('postern.yaml'), read('.env')]
    const again = await runInProcess(['init', '--gateway', 'onysoft', '--yes'], { cwd })
    expect(again.code).toBe(1)
    expect(again.stderr).toMatch(/postern\.yaml is there already; GATEWAY_API_KEY_HASHES stands in .*\.env already/)
    expect([read('postern.yaml'), read('.env')]).toEqual(before)

    writeFileSync(join(cwd, '.env'), `${before[1]}OTHERS="of the\napplication"`)
    const { credential } = await init('--gateway', 'onysoft', '--force')
    expect(read('postern.yaml')).toContain('dialect: onysoft')
    expect(variables()).toEqual({
      GATEWAY_API_KEY_HASHES: `app:${hash('sha256', credential as string)}`,
      OTHERS: 'of the\napplication',
    })
  })

  test('goes into the .env of an application beside what it holds, and keeps a gateway key that is there', async () => {
    writeFileSync(join(cwd, '.env'), 'PORT=3000\nJOY_TOKEN_API_KEY=jt_0123456789abcdef')
    await init('--gateway', 'joytoken', '--callers', 'session')
    expect(variables()).toEqual({
      PORT: '3000',
      JOY_TOKEN_API_KEY: 'jt_0123456789abcdef',
      POSTERN_SESSION_SECRET: expect.stringMatching(/^[\w-]{43}$/) as string,
    })
    expect((await runInProcess(['check'], { cwd })).code).toBe(0)
  })

  test('stays unwritten where an option is wrong', async () => {
    for (const options of [
      [],
      ['--gateway', 'nobody'],
      ['--gateway', 'openai'],
      ['--gateway', 'openai', '--emulated'],
      ['--gateway', 'openai', '--base-url', 'gateway.example.com'],
      ['--gateway', 'openai', '--base-url', 'https://user:password@gateway.example.com/v1'],
      ['--gateway', 'joytoken', '--team', 'two  spaces'],
      ['--gateway', 'joytoken', '--callers', 'letter'],
    ]) {
      const { code, stderr } = await runInProcess(['init', ...options], { cwd })
      expect([options, code]).toEqual([options, 2])
      expect(stderr).not.toBe('')
    }
    expect(() => statSync(join(cwd, 'postern.yaml'))).toThrow()
  })
})

describe('postern init at a terminal', () => {
  /** Runs it on a pseudo-terminal, and types. */
  async function type(lines: string, ...options: readonly string[]): Promise<string> {
    const command = `${process.execPath} ${bin} init ${options.join(' ')}`
    const child = execute('script', ['-qec', command, '/dev/null'], { cwd, env: { PATH: process.env['PATH'], TERM: 'dumb' } })
    child.child.stdin?.end(lines)
    return (await child).stdout
  }

  test('asks for what the options do not say, again where an answer cannot be used, and takes its proposals for an empty line', async () => {
    const shown = await type('jtoken\njoytoken\n\nlabs\nsession\n')
    expect(shown).toContain('"jtoken" is no gateway')
    expect(read('postern.yaml')).toContain('baseURL: "https://api.joytokens.ai/openai/v1"')
    expect(read('postern.yaml')).toContain('team: "labs"')
    expect(read('postern.yaml')).toContain('POSTERN_SESSION_SECRET')
  })

  test('asks nothing with --yes', async () => {
    expect(await type('', '--yes', '--gateway', 'joytoken')).toContain('Written:')
  })

  test('writes nothing when the terminal is left', async () => {
    const shown = await type('joytoken\n\u0004').catch((error: unknown) => (error as { stdout: string }).stdout)
    expect(shown).toContain('Nothing is written.')
    expect(() => statSync(join(cwd, '.env'))).toThrow()
  })
})
