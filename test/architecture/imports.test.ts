import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

interface Import {
  readonly file: string
  readonly specifier: string
  readonly typeOnly: boolean
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)].map((match) => ({
    file,
    specifier: match[2] as string,
    typeOnly: match[1] !== undefined,
  }))
}

function importsIn(folder: string): Import[] {
  return sourcesOf(folder).flatMap(importsOf)
}

/** A file without its comments, which may say where a thing comes from. */
function codeOf(file: string): string {
  return readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
}

/** Whether a package has such a door beside its front one. */
function isDoor(specifier: string): boolean {
  const [, name = '', path = ''] = /^@postern\/([a-z]+)\/(.+)$/.exec(specifier) ?? []
  const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as { readonly exports: object }
  return Object.hasOwn(exports, `./${path}`)
}

/** Which package may import which, by value and by type alike. Whatever is not here fails. */
const packagesThatMayBeImported: Readonly<Record<string, readonly string[]>> = {
  'packages/protocol': [],
  'packages/gateways': ['protocol'],
  'packages/ports': ['protocol', 'gateways'],
  'packages/config': ['protocol', 'gateways', 'ports'],
  'packages/core': ['protocol', 'gateways', 'ports'],
  'packages/identity': ['protocol', 'gateways', 'ports', 'core'],
  'packages/instance': ['protocol', 'gateways', 'ports', 'config', 'core', 'identity'],
  'packages/express': ['protocol', 'gateways', 'ports', 'config', 'identity', 'instance'],
  'packages/stores': ['ports'],
  'packages/server': ['protocol'],
  'packages/client': ['protocol'],
  'packages/guard': ['protocol'],
  'packages/emulator': [],
  sidecar: ['protocol', 'gateways', 'ports', 'config', 'core', 'instance', 'express', 'server', 'stores', 'emulator'],
}

/** A folder or top-level file of a package, and what of the same package it may import. `type`: only types. */
type Walls = Readonly<Record<string, Readonly<Record<string, 'value' | 'type'>>>>

const rooms = {
  resolve: 'type',
  police: 'type',
  tag: 'type',
  join: 'type',
  reserve: 'type',
  observe: 'type',
  forward: 'type',
  account: 'type',
} as const

/** Which folder of `core` may import which. Rooms know each other by type only: the order is the corridor's. */
const wallsOfCore: Walls = {
  'corridor.ts': { ...rooms, 'rooms.ts': 'type', 'journey.ts': 'value', answers: 'value' },
  'journey.ts': { ...rooms, tag: 'value', lib: 'value' },
  'rooms.ts': rooms,
  lib: {},
  connect: { lib: 'value' },
  read: { lib: 'value' },
  prices: { lib: 'value' },
  answers: { lib: 'value', ...rooms },
  objects: { lib: 'value', resolve: 'type', police: 'type' },
  resolve: { lib: 'value', answers: 'value', objects: 'value' },
  police: { lib: 'value', read: 'value', objects: 'value', answers: 'value', resolve: 'type' },
  tag: { lib: 'value' },
  join: { lib: 'value', answers: 'value', resolve: 'type', police: 'type', tag: 'type', forward: 'type' },
  reserve: { lib: 'value', answers: 'value', prices: 'type', resolve: 'type', police: 'type', tag: 'type' },
  observe: { lib: 'value', answers: 'value', resolve: 'type', police: 'type', reserve: 'type', tag: 'type' },
  forward: {
    lib: 'value',
    connect: 'value',
    answers: 'value',
    objects: 'value',
    resolve: 'type',
    police: 'type',
    tag: 'type',
    reserve: 'type',
    observe: 'type',
    'journey.ts': 'type',
  },
  account: { lib: 'value', connect: 'value', answers: 'value', resolve: 'type', forward: 'type', 'journey.ts': 'type' },
}

/** Which folder of `instance` may import which. */
const wallsOfInstance: Walls = {
  'in-flight.ts': {},
  'usage-pool.ts': {},
  'waits.ts': {},
  log: {},
  'key-ring': { keys: 'value' },
  limits: { 'runtime.ts': 'type' },
  'live-calls.ts': { 'runtime.ts': 'type' },
  doors: { limits: 'value', 'runtime.ts': 'value' },
  keys: {},
  'runtime.ts': { assertion: 'type', connections: 'type', doors: 'type', 'in-flight.ts': 'type', keys: 'type' },
  assertion: { doors: 'value', 'in-flight.ts': 'type' },
  connections: { doors: 'value' },
  backend: { assertion: 'type', connections: 'value', doors: 'value' },
  compile: {
    assertion: 'value',
    connections: 'value',
    doors: 'value',
    'key-ring': 'value',
    'in-flight.ts': 'value',
    keys: 'value',
    'runtime.ts': 'type',
    'usage-pool.ts': 'value',
    'waits.ts': 'value',
  },
  changes: { compile: 'value' },
  'matching-bindings.ts': { limits: 'value', 'runtime.ts': 'type' },
  'explain.ts': { limits: 'value', 'matching-bindings.ts': 'type', 'runtime.ts': 'type' },
  'instance.ts': { changes: 'value', compile: 'value', 'runtime.ts': 'value', 'usage-pool.ts': 'value' },
}

/** Which folder of `stores` may import which. A suite knows the ports alone, so that it holds for stores of others. */
const wallsOfStores: Walls = {
  'digest-key.ts': {},
  sqlite: { 'digest-key.ts': 'value', ledger: 'value' },
  channel: {},
  redis: { 'digest-key.ts': 'value' },
  postgres: { 'digest-key.ts': 'value', ledger: 'value' },
  ledger: {},
  'open-store.ts': { sqlite: 'value', redis: 'value', postgres: 'value' },
  suites: {},
}

/** A folder for each technology of a store. That of memory stands with the ports: it needs no library, and the middleware has it. */
const technologies = [
  'packages/ports/src/memory',
  'packages/stores/src/channel',
  'packages/stores/src/sqlite',
  'packages/stores/src/redis',
  'packages/stores/src/postgres',
]

/** What opens a store, hands it on, hands out its ports, or closes it. Everything else takes one port. */
const holdersOfStores = [
  'packages/express/src/check-ports.ts',
  'packages/express/src/create-runtime.ts',
  'packages/instance/src/compile/compile-options.ts',
  'packages/ports/src/index.ts',
  'packages/ports/src/memory/open.ts',
  'packages/stores/src/channel/open.ts',
  'packages/stores/src/channel/serve-store.ts',
  'packages/stores/src/index.ts',
  'packages/stores/src/open-store.ts',
  'packages/stores/src/postgres/open.ts',
  'packages/stores/src/redis/open.ts',
  'packages/stores/src/sqlite/open.ts',
  'packages/stores/src/suites/store.ts',
  'sidecar/src/open-store.ts',
  'sidecar/src/readiness/watch-store.ts',
  'sidecar/src/workers/open-worker-store.ts',
  'sidecar/src/workers/open-workers.ts',
]

/** What no wall allows, as `file -> file`. The package's front door, `index.ts`, may import everything. */
function breaches(folder: string, walls: Walls): string[] {
  const partOf = (path: string): string => relative(folder, path).split('/')[0] as string
  return importsIn(folder).flatMap(({ file, specifier, typeOnly }) => {
    if (!specifier.startsWith('.') || file === join(folder, 'index.ts')) return []
    const target = join(dirname(file), specifier.replace(/\.js$/, '.ts'))
    const [from, to] = [partOf(file), partOf(target)]
    if (from === to) return []
    const allowed = walls[from]?.[to]
    return allowed === 'value' || (allowed === 'type' && typeOnly) ? [] : [`${file} -> ${target}${typeOnly ? ' (type)' : ''}`]
  })
}

/** The circles of imports in a package, types included, each as the files that reach one another. */
function circlesIn(folder: string): string[][] {
  const targets = new Map(
    sourcesOf(folder).map((file) => [
      file,
      importsOf(file).flatMap(({ specifier }) =>
        specifier.startsWith('.') ? [join(dirname(file), specifier.replace(/\.js$/, '.ts'))] : [],
      ),
    ]),
  )
  const reachable = (from: string): Set<string> => {
    const seen = new Set<string>()
    const open = [...(targets.get(from) ?? [])]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      open.push(...(targets.get(next) ?? []))
    }
    return seen
  }
  const reach = new Map([...targets.keys()].map((file) => [file, reachable(file)]))
  const inCircle = [...reach].filter(([file, seen]) => seen.has(file)).map(([file]) => file)
  const circles = inCircle.map((file) => inCircle.filter((other) => reach.get(file)?.has(other) && reach.get(other)?.has(file)))
  return [...new Map(circles.map((circle) => [circle.join(), circle])).values()]
}

const libraryHomes: Readonly<Record<string, readonly string[]>> = {
  vite: ['packages/guard/src/vite.ts'],
  esbuild: ['packages/guard/src/esbuild.ts'],
  undici: ['packages/core/src/connect/', 'packages/core/src/forward/', 'packages/instance/src/backend/'],
  jose: ['packages/identity/src/', 'packages/instance/src/assertion/', 'packages/server/src/'],
  openai: ['packages/client/src/'],
  libsql: ['packages/stores/src/'],
  '@redis/client': ['packages/stores/src/'],
  pg: ['packages/stores/src/'],
  'lru-cache': ['packages/identity/src/'],
  'prom-client': ['sidecar/src/telemetry/'],
  '@opentelemetry/api': ['sidecar/src/telemetry/'],
  '@opentelemetry/exporter-trace-otlp-http': ['sidecar/src/telemetry/'],
  '@opentelemetry/resources': ['sidecar/src/telemetry/'],
  '@opentelemetry/sdk-trace-base': ['sidecar/src/telemetry/'],
  zod: ['packages/config/src/'],
  pino: ['packages/instance/src/log/'],
  ulid: ['packages/instance/src/doors/'],
  express: ['packages/express/src/', 'sidecar/src/'],
  helmet: ['packages/express/src/'],
  'express-rate-limit': ['packages/express/src/', 'sidecar/src/'],
  dotenv: ['sidecar/src/'],
  commander: ['sidecar/src/'],
}

const everyPackage = Object.keys(packagesThatMayBeImported).map((folder) => `${folder}/src`)

describe('what may import what', () => {
  for (const [folder, allowed] of Object.entries(packagesThatMayBeImported)) {
    test(`${folder} imports ${allowed.length === 0 ? 'no package of ours' : `only ${allowed.join(', ')}`}`, () => {
      const names = allowed.map((name) => `@postern/${name}`)
      const found = importsIn(`${folder}/src`).filter(
        ({ specifier }) =>
          specifier.startsWith('@postern/') && !names.some((name) => specifier === name || specifier.startsWith(`${name}/`)),
      )
      expect(found).toEqual([])
    })
  }

  test('the table names every package, so that a new one states what it may import', () => {
    const found = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
    expect([...found, 'sidecar'].toSorted()).toEqual(Object.keys(packagesThatMayBeImported).toSorted())
  })

  test('each folder of core imports only what its walls allow, by value and by type', () => {
    expect(breaches('packages/core/src', wallsOfCore)).toEqual([])
  })

  test('each folder of instance imports only what its walls allow, by value and by type', () => {
    expect(breaches('packages/instance/src', wallsOfInstance)).toEqual([])
  })

  test('each folder of stores imports only what its walls allow, by value and by type', () => {
    expect(breaches('packages/stores/src', wallsOfStores)).toEqual([])
  })

  test('the suites of stores import no test framework, so that any runner runs them', () => {
    const found = importsIn('packages/stores/src/suites').map(({ specifier }) => specifier)
    expect([...new Set(found)].filter((specifier) => !specifier.startsWith('.')).toSorted()).toEqual([
      '@postern/ports',
      'node:assert/strict',
      'node:timers/promises',
    ])
  })

  test.each(technologies)('%s has a file for each port and one that opens them', (folder) => {
    const files = readdirSync(join(root, folder))
    expect(files).toEqual(expect.arrayContaining(['open.ts', 'seen.ts', 'counters.ts', 'locks.ts', 'feed.ts']))
  })

  test('only what opens, hands on or closes a store takes the whole of it', () => {
    const takers = everyPackage.flatMap(sourcesOf).filter((file) => /^(?:import|export) [^'"]*\bStore\b[^'"]* from '/m.test(codeOf(file)))
    expect(takers.toSorted()).toEqual(holdersOfStores)
  })

  test.each(everyPackage)('no files of %s import one another in a circle, also not by type', (folder) => {
    expect(circlesIn(folder)).toEqual([])
  })

  test('at the top of core stand only the corridor, its rooms, the journey and the front door', () => {
    const top = readdirSync(join(root, 'packages/core/src')).filter((name) => name.endsWith('.ts'))
    expect(top.toSorted()).toEqual(['corridor.ts', 'index.ts', 'journey.ts', 'rooms.ts'])
  })

  test('the protocol imports nothing at all, so that it runs anywhere', () => {
    expect(importsIn('packages/protocol/src').filter(({ specifier }) => !specifier.startsWith('.'))).toEqual([])
  })

  test('every library has one home', () => {
    const all = everyPackage.flatMap(importsIn)
    const strays = all.filter(({ file, specifier }) => {
      const homes = libraryHomes[specifier]
      return homes !== undefined && !homes.some((home) => file.startsWith(home))
    })
    expect(strays).toEqual([])
  })

  test('nothing reaches into another package past its doors', () => {
    const deep = [...everyPackage, 'test']
      .flatMap(importsIn)
      .filter(({ specifier }) => /^@postern\/[a-z]+\/./.test(specifier) && !isDoor(specifier))
    expect(deep).toEqual([])
  })
})

describe('shared code', () => {
  test('never asks for a gateway’s name', () => {
    const names = /joy.?token|open.?token|free.?ai|onysoft|mintoken|harbor/i
    const shared = ['protocol', 'gateways', 'ports', 'config', 'core', 'identity', 'instance', 'express', 'server']
      .map((name) => `packages/${name}/src`)
      .flatMap(sourcesOf)
      .filter((file) => !file.startsWith('packages/gateways/src/dialects/'))
    expect(shared.length).toBeGreaterThan(100)
    expect(shared.filter((file) => names.test(codeOf(file)))).toEqual([])
  })

  test('reveals a secret only where a credential is checked, minted, sent, sealed, searched for or handed to a worker', () => {
    const everywhere = everyPackage.flatMap(sourcesOf)
    const places = everywhere.filter((file) => readFileSync(join(root, file), 'utf8').includes('.reveal()'))
    expect(places.toSorted()).toEqual([
      'packages/config/src/check-callers.ts',
      'packages/config/src/check-key-ring.ts',
      'packages/config/src/check-key-sources.ts',
      'packages/config/src/check-keys.ts',
      'packages/config/src/check-postgres.ts',
      'packages/config/src/check-store.ts',
      'packages/config/src/read-signing-key.ts',
      'packages/core/src/forward/prepare-key.ts',
      'packages/identity/src/proof/nonces.ts',
      'packages/identity/src/session-verifier.ts',
      'packages/identity/src/session/sign-session.ts',
      'packages/instance/src/key-ring/master-keys.ts',
      'packages/instance/src/keys/exec-source.ts',
      'packages/instance/src/keys/open-sources.ts',
      'packages/instance/src/keys/token-source.ts',
      'packages/instance/src/keys/vault-client.ts',
      'packages/ports/src/live-secrets.ts',
      'packages/ports/src/redactor.ts',
      'sidecar/src/admin-api.ts',
      'sidecar/src/admin/find-credential.ts',
      'sidecar/src/commands/session.ts',
      'sidecar/src/own-variables.ts',
      'sidecar/src/store-address.ts',
      'sidecar/src/workers/packed-config.ts',
    ])
  })

  test('opens a connection to a gateway in one place, and elsewhere only to the backend and for what the configuration names', () => {
    const places = everyPackage
      .slice(0, 8)
      .flatMap(sourcesOf)
      .filter((file) => /new (?:Pool|Client|Agent)\(|\bfetch\(|https?\.request/.test(readFileSync(join(root, file), 'utf8')))
    expect(places.toSorted()).toEqual([
      'packages/core/src/connect/fetch-bounded.ts',
      'packages/core/src/connect/open-upstream.ts',
      'packages/instance/src/backend/node-transport.ts',
      'packages/instance/src/backend/undici-transport.ts',
    ])
  })
})

describe('a search', () => {
  test('refers back to what it found only in texts of the operator: elsewhere its cost would grow faster than the text', () => {
    const refersBack = /\/(?:[^/\n\\]|\\.)*\\[1-9](?!\d)(?:[^/\n\\]|\\.)*\/[gimsuy]*|\\k</
    expect(everyPackage.flatMap(sourcesOf).filter((file) => refersBack.test(codeOf(file)))).toEqual([
      // An address and keys of the configuration.
      'packages/config/src/check-gateways.ts',
      'packages/guard/src/find-keys.ts',
    ])
  })
})

describe('the size of files', () => {
  test('the corridor fits on a screen', () => {
    expect(readFileSync(join(root, 'packages/core/src/corridor.ts'), 'utf8').split('\n').length).toBeLessThanOrEqual(60)
  })

  test('core is at most 32 of a hundred source lines', () => {
    const linesOf = (folder: string): number =>
      sourcesOf(folder).reduce((sum, file) => sum + readFileSync(join(root, file), 'utf8').split('\n').length, 0)
    const all = everyPackage.reduce((sum, folder) => sum + linesOf(folder), 0)
    expect(linesOf('packages/core/src') / all).toBeLessThanOrEqual(0.32)
  })

  test('no source file holds one constant and nothing else, but tables do', () => {
    const alone = everyPackage.flatMap(sourcesOf).filter((file) => {
      const code = codeOf(file)
        .replaceAll(/^import .*$/gm, '')
        .trim()
      return /^export const \w+(?:: [^=]+)? = [^[{\n][^\n]*$/.test(code) && !/=>|function|\[$|\{$|`$/.test(code) && code.length < 200
    })
    expect(alone).toEqual([])
  })

  test('no source file has more than 300 lines, and half have fewer than 60', () => {
    const lines = everyPackage.flatMap(sourcesOf).map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length] as const)
    expect(lines.filter(([, length]) => length > 300)).toEqual([])
    const sorted = lines.map(([, length]) => length).toSorted((one, other) => one - other)
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(60)
  })
})
