import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from './programs.js'

const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'postern-installed-'))
const project = join(folder, 'project')

/** An environment with an empty home folder and an empty cache. Where packages come from stays as it is for this user. */
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  const [home, tarballs] = [join(folder, 'home'), join(folder, 'tarballs')]
  for (const each of [home, tarballs, project]) mkdirSync(each)
  const { stdout: userConfig } = await execute('npm', ['config', 'get', 'userconfig'], { cwd: root })
  env = {
    ...(process.env as Record<string, string>),
    HOME: home,
    npm_config_cache: join(home, 'cache'),
    npm_config_userconfig: userConfig.trim(),
  }

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly packageManager: string }
  const filters = ['./packages/*', './sidecar'].flatMap((path) => ['--filter', path])
  const pack = ['exec', '--yes', `--package=${packageManager}`, '--', 'pnpm', '-r', ...filters, 'pack', '--pack-destination', tarballs]
  await execute('npm', pack, { cwd: root, maxBuffer: 2 ** 26 })

  const ours = Object.fromEntries(
    readdirSync(tarballs).map((file) => [`@postern/${/^postern-(.+)-[\d.]+\.tgz$/.exec(file)?.[1]}`, `file:${join(tarballs, file)}`]),
  )
  const { '@postern/sidecar': sidecar, ...others } = ours
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ private: true, dependencies: { '@postern/sidecar': sidecar }, overrides: others }),
  )
  await execute('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: project, env, maxBuffer: 2 ** 26 })
}, 600_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed sidecar, installed by npm in an empty folder of a user whose home is empty', () => {
  test('answers a call by the curl line that "npx @postern/sidecar demo" prints', { timeout: 120_000 }, async () => {
    const child = spawn('npx', ['@postern/sidecar', 'demo', '--port', '0'], {
      cwd: project,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    let printed = ''
    await new Promise<void>((done, fail) => {
      child.stdout.on('data', (piece: Buffer) => {
        printed += piece.toString()
        if (/^curl .*\n/m.test(printed)) done()
      })
      child.once('exit', (code) => fail(new Error(`The demo ended with ${code}.\n${printed}`)))
    })
    const [line = ''] = /^curl .*$/m.exec(printed) ?? []
    const { stdout } = await execute('sh', ['-c', `${line} -s`])
    expect(stdout).toMatch(/HTTP\/1\.1 200 OK[\s\S]*data: \[DONE\]/)
    // A signal to npx ends npm alone, so it goes to the group of processes that this test began.
    process.kill(-(child.pid as number), 'SIGTERM')
    await closed
  })

  test('writes a first configuration that names the schema of the installed package, and finds it good', { timeout: 120_000 }, async () => {
    const npx = (...words: readonly string[]) => execute('npx', ['@postern/sidecar', ...words], { cwd: project, env })
    const { stdout } = await npx('init', '--gateway', 'joytoken', '--emulated', '--yes')
    expect(stdout).toContain('npx @postern/sidecar start')
    const [first = ''] = readFileSync(join(project, 'postern.yaml'), 'utf8').split('\n')
    expect(first).toBe('# yaml-language-server: $schema=./node_modules/@postern/config/postern.schema.json')
    expect(existsSync(join(project, first.split('=./')[1] as string))).toBe(true)
    expect((await npx('check')).stdout).toContain('is good')
  })
})
