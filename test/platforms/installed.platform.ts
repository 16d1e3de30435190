import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
// @ts-expect-error a script, which has no types
import { published } from '../../scripts/published.mjs'
import { root } from './programs.js'

const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'postern-installed-'))
const [project, tarballs] = [join(folder, 'project'), join(folder, 'tarballs')]

interface Materials {
  readonly bomFormat: string
  readonly components: readonly { readonly name: string; readonly group?: string }[]
}

interface Lockfile {
  readonly packages: Readonly<Record<string, unknown>>
}

/** An environment with an empty home folder and an empty cache. Where packages come from stays as it is for this user. */
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  const home = join(folder, 'home')
  for (const each of [home, project]) mkdirSync(each)
  const { stdout: userConfig } = await execute('npm', ['config', 'get', 'userconfig'], { cwd: root })
  env = {
    ...(process.env as Record<string, string>),
    HOME: home,
    npm_config_cache: join(home, 'cache'),
    npm_config_userconfig: userConfig.trim(),
  }

  await execute(process.execPath, [join(root, 'scripts/release/main.mjs'), 'rehearse', tarballs], { cwd: root, maxBuffer: 2 ** 26 })

  const ours = Object.fromEntries(
    readdirSync(tarballs)
      .filter((file) => file.endsWith('.tgz'))
      .map((file) => [`@postern/${/^postern-(.+)-[\d.]+\.tgz$/.exec(file)?.[1]}`, `file:${join(tarballs, file)}`]),
  )
  const { '@postern/sidecar': sidecar, ...others } = ours
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ private: true, dependencies: { '@postern/sidecar': sidecar }, overrides: others }),
  )
  await execute('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: project, env, maxBuffer: 2 ** 26 })
}, 600_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the rehearsal of a release', () => {
  test('makes a tarball of each package, whose digests are right', async () => {
    expect(readdirSync(tarballs).filter((file) => file.endsWith('.tgz'))).toHaveLength(published.length)
    await execute('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: tarballs })
  })

  test('writes a bill of materials of every library that an installation gets, ours by their tarballs', () => {
    const text = readFileSync(join(tarballs, 'sbom.cdx.json'), 'utf8')
    const { bomFormat, components } = JSON.parse(text) as Materials
    expect(bomFormat).toBe('CycloneDX')
    const listed = new Set(components.map(({ name, group }) => (group === undefined ? name : `${group}/${name}`)))
    const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as Lockfile
    const installed = Object.keys(packages).flatMap((path) => path.split('node_modules/').at(-1) || [])
    expect(installed.filter((name) => !listed.has(name))).toEqual([])
    expect(text).not.toContain(folder)
  })
})

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
