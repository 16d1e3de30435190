import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bin, runPostern } from '../support/run-postern.js'

interface BundleModule {
  readonly stampFile: string
  entryPoint(): string
  stampOf(paths: readonly string[]): object
}

const source = join(bin, '../bundle.js')

describe('the modules that the command is loaded from', () => {
  const record = '../tsconfig.tsbuildinfo'
  let folder: string
  let bundle: BundleModule

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-bundle-'))
    for (const name of ['bin', 'bundle']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.tsbuildinfo'), 'as it was')
    copyFileSync(source, join(folder, 'bin/bundle.js'))
    bundle = (await import(pathToFileURL(join(folder, 'bin/bundle.js')).href)) as BundleModule
    writeFileSync(bundle.stampFile, JSON.stringify(bundle.stampOf([record])))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('are the bundle while it was made from what the compiler wrote last', () => {
    expect(bundle.entryPoint()).toBe('../bundle/main.js')
  })

  test('are the plain ones as soon as the compiler has written anything else', () => {
    writeFileSync(join(folder, 'tsconfig.tsbuildinfo'), 'as it is!')
    expect(bundle.entryPoint()).toBe('../dist/main.js')
  })

  test('are the bundle where a copy of the folder has other times', () => {
    utimesSync(join(folder, 'tsconfig.tsbuildinfo'), 1_000_000, 1_000_000)
    expect(bundle.entryPoint()).toBe('../bundle/main.js')
  })

  test.each([
    ['there is no bundle, as in the published package', () => rmSync(join(folder, 'bundle'), { recursive: true })],
    ['a file that it was made from is missing', () => rmSync(join(folder, 'tsconfig.tsbuildinfo'))],
    ['its stamp cannot be read', () => writeFileSync(bundle.stampFile, '{')],
  ])('are the plain ones if %s', (_, change) => {
    change()
    expect(bundle.entryPoint()).toBe('../dist/main.js')
  })

  test('say the same of the version, which they find by their own place', async () => {
    const plain = `import { main } from ${JSON.stringify(pathToFileURL(join(bin, '../../dist/main.js')).href)}; process.exitCode = await main(['--version'])`
    const { version } = JSON.parse(readFileSync(join(bin, '../../package.json'), 'utf8')) as { readonly version: string }
    expect(execFileSync(process.execPath, ['--input-type=module', '--eval', plain], { encoding: 'utf8' })).toBe(`${version}\n`)
    expect(await runPostern(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })
})
