import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** How many packages `start` loads with the smallest configuration, ours included. It may become fewer. */
const ceiling = 101

/** The package that a module belongs to; `undefined` for what is this test's own. */
function packageOf(url: string): string | undefined {
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
  if (installed !== undefined) return installed
  const ours = /\/packages\/([^/]+)\/dist\//.exec(url)?.[1]
  if (ours !== undefined) return `@postern/${ours}`
  return url.includes('/sidecar/dist/') ? '@postern/sidecar' : undefined
}

test('start loads no more packages than it needs with the smallest configuration', { timeout: 60_000 }, async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-loaded-'))
  const config = {
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'joytoken' } },
    keys: { main: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'main' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { app: { team: 'acme' } } } },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  const loaded = join(cwd, 'loaded')
  // The plain modules: the bundle is made of the same ones.
  const program = `import { main } from ${JSON.stringify(pathToFileURL(join(root, 'sidecar/dist/main.js')).href)}; process.exitCode = await main(['start', '--config', 'postern.json'])`
  const preload = pathToFileURL(join(root, 'test/support/loaded-modules.mjs')).href
  const child = spawn(process.execPath, ['--import', preload, '--input-type=module', '-e', program], {
    cwd,
    env: { PATH: process.env['PATH'], KEY: 'jt_0123456789abcdef', RING: `app:${hash('sha256', 'a credential')}`, LOADED_MODULES: loaded },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let printed = ''
  await new Promise<void>((listening) => {
    child.stdout.on('data', (piece: Buffer) => {
      printed += piece.toString()
      if (printed.includes('"msg":"listening"')) listening()
    })
  })
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  const packages = [...new Set(readFileSync(loaded, 'utf8').split('\n').map(packageOf))].filter((name) => name !== undefined).toSorted()
  rmSync(cwd, { recursive: true })
  expect(packages).toContain('undici')
  // What other configurations need is loaded by those alone.
  for (const name of ['@postern/stores', '@redis/client', 'libsql']) expect(packages).not.toContain(name)
  expect(packages.length, packages.join(', ')).toBeLessThanOrEqual(ceiling)
})
