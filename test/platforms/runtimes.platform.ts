import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, listenAnywhere, openHouse } from '../support/house.js'
import { freePort, home, layProgram, run, start, stop } from './programs.js'

const consumer = readFileSync(join(import.meta.dirname, 'consumer.mjs'), 'utf8')
const main = `import { consume } from './consumer.mjs'\nconsole.log('printed ' + JSON.stringify(await consume(JSON.parse(ARGUMENT))))\n`

const expected = {
  chat: { text: 'You said: Hello', record: { key: 'acme', finish: 'complete' } },
  stream: { text: 'You said: Hello', record: { key: 'acme', finish: 'complete' } },
  cut: { name: 'PosternStreamError' },
  proved: expect.stringMatching(/^[\w-]{43}$/),
  redirected: { name: 'TypeError', message: 'Postern redirects nobody.' },
}

function layConfig(folder: string, port: number): void {
  const services = '(name = "main", worker = .worker), (name = "internet", network = (allow = ["private", "local"]))'
  const module = '(name = "worker", esModule = embed "bundled.mjs")'
  const text = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [${services}], sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);
const worker :Workerd.Worker = (modules = [${module}], compatibilityDate = "2025-01-01");
`
  writeFileSync(join(folder, 'config.capnp'), text)
}

describe('the client runs where servers and workers run', () => {
  let house: House
  let thief: Server
  let stolen = 0
  let asked: string
  beforeAll(async () => {
    house = await openHouse()
    thief = createServer((request, response) => {
      if (request.url?.startsWith('/ai') === true) response.writeHead(307, { location: '/stolen' }).end()
      else {
        stolen += 1
        response.end('{}')
      }
    })
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme' })
    asked = JSON.stringify({ url: `${house.origin}/ai`, token, model: house.model, elsewhere: `${await listenAnywhere(thief)}/ai` })
  })
  afterAll(async () => {
    expect(stolen).toBe(0)
    thief.closeAllConnections()
    thief.close()
    await house.close()
  })

  const printedIn = (output: string): unknown => JSON.parse(/^printed (.*)$/m.exec(output)?.[1] ?? '{}')
  const lay = (name: string, argument: string): string =>
    layProgram(name, { 'package.json': '{"type":"module"}', 'consumer.mjs': consumer, 'main.mjs': main.replace('ARGUMENT', argument) })

  test.each<[program: string, argument: string, command: string, words: readonly string[]]>([
    ['node', 'process.env.ASKED', process.execPath, ['main.mjs']],
    [
      'deno',
      "Deno.env.get('ASKED')",
      join(home, 'node_modules/@deno/linux-x64-glibc/deno'),
      ['run', '-A', '--node-modules-dir=manual', 'main.mjs'],
    ],
    ['bun', 'process.env.ASKED', join(home, 'node_modules/@oven/bun-linux-x64-baseline/bin/bun'), ['main.mjs']],
  ])('in %s', async (program, argument, command, words) => {
    expect(printedIn(await run(command, words, lay(program, argument), { ASKED: asked }))).toMatchObject(expected)
  })

  test('in one file, which esbuild makes for Node', async () => {
    const folder = lay('esbuild', 'process.env.ASKED')
    await build({
      entryPoints: [join(folder, 'main.mjs')],
      outfile: join(folder, 'bundled/main.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
    })
    expect(printedIn(await run(process.execPath, ['bundled/main.mjs'], folder, { ASKED: asked }))).toMatchObject(expected)
  })

  test('in workerd, which is what Cloudflare runs', async () => {
    const folder = layProgram('workerd', {
      'consumer.mjs': consumer,
      'worker.mjs':
        "import { consume } from './consumer.mjs'\nexport default { fetch: async (request) => Response.json(await consume(await request.json())) }",
    })
    await build({
      entryPoints: [join(folder, 'worker.mjs')],
      outfile: join(folder, 'bundled.mjs'),
      bundle: true,
      format: 'esm',
      conditions: ['workerd'],
    })
    const port = await freePort()
    layConfig(folder, port)
    const child = await start(join(home, 'node_modules/@cloudflare/workerd-linux-64/bin/workerd'), ['serve', 'config.capnp'], folder, port)
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: asked })
      expect(await answer.json()).toMatchObject(expected)
    } finally {
      await stop(child)
    }
  })
})
