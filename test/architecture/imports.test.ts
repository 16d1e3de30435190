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

/** The room of `core` that a file belongs to, or that an import in it leads to. */
function roomOf(path: string): string | undefined {
  return /^packages\/core\/src\/([a-z]+)\//.exec(path)?.[1]
}

/** Whether a package has such a door beside its front one. */
function isDoor(specifier: string): boolean {
  const [, name = '', path = ''] = /^@postern\/([a-z]+)\/(.+)$/.exec(specifier) ?? []
  const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as { readonly exports: object }
  return Object.hasOwn(exports, `./${path}`)
}

const packagesThatMayBeImported: Readonly<Record<string, readonly string[]>> = {
  'packages/protocol': [],
  'packages/gateways': ['@postern/protocol'],
  'packages/core': ['@postern/protocol', '@postern/gateways'],
  'packages/express': ['@postern/protocol', '@postern/core'],
  'packages/server': ['@postern/protocol'],
  'packages/client': ['@postern/protocol'],
  'packages/guard': ['@postern/protocol'],
  'packages/stores': ['@postern/core'],
  'packages/emulator': [],
}

const libraryHomes: Readonly<Record<string, readonly string[]>> = {
  vite: ['packages/guard/src/vite.ts'],
  esbuild: ['packages/guard/src/esbuild.ts'],
  undici: [
    'packages/core/src/forward/',
    'packages/core/src/backend/',
    'packages/core/src/fetch-bounded.ts',
    'packages/core/src/open-connector.ts',
  ],
  jose: ['packages/core/src/assertion/', 'packages/core/src/identify/', 'packages/core/src/session/', 'packages/server/src/'],
  openai: ['packages/client/src/'],
  libsql: ['packages/stores/src/'],
  '@redis/client': ['packages/stores/src/'],
  'lru-cache': ['packages/core/src/identify/'],
  zod: ['packages/core/src/config/'],
  pino: ['packages/core/src/account/'],
  ulid: ['packages/core/src/doors/'],
  express: ['packages/express/src/', 'sidecar/src/'],
  helmet: ['packages/express/src/'],
  'express-rate-limit': ['packages/express/src/', 'sidecar/src/'],
  dotenv: ['sidecar/src/'],
  commander: ['sidecar/src/'],
}

describe('what may import what', () => {
  for (const [folder, allowed] of Object.entries(packagesThatMayBeImported)) {
    test(`${folder} imports ${allowed.length === 0 ? 'no package of ours' : `only ${allowed.join(' and ')}`}`, () => {
      const found = importsIn(`${folder}/src`).filter(({ specifier }) => specifier.startsWith('@postern/') && !allowed.includes(specifier))
      expect(found).toEqual([])
    })
  }

  test('the protocol imports nothing at all, so that it runs anywhere', () => {
    expect(importsIn('packages/protocol/src').filter(({ specifier }) => !specifier.startsWith('.'))).toEqual([])
  })

  test('every library has one home', () => {
    const all = [...Object.keys(packagesThatMayBeImported), 'sidecar'].flatMap((folder) => importsIn(`${folder}/src`))
    const strays = all.filter(({ file, specifier }) => {
      const homes = libraryHomes[specifier]
      return homes !== undefined && !homes.some((home) => file.startsWith(home))
    })
    expect(strays).toEqual([])
  })

  test('rooms know each other by type only; the order is the corridor’s', () => {
    const rooms = ['identify', 'resolve', 'police', 'tag', 'reserve', 'observe', 'forward', 'account']
    const crossings = importsIn('packages/core/src').filter(({ file, specifier, typeOnly }) => {
      const from = roomOf(file)
      if (from === undefined || !rooms.includes(from) || typeOnly || !specifier.startsWith('.')) return false
      const to = roomOf(relative(root, resolve(root, dirname(file), specifier)))
      return to !== undefined && to !== from && rooms.includes(to)
    })
    expect(crossings).toEqual([])
  })

  test('nothing reaches into another package past its doors', () => {
    const deep = [...Object.keys(packagesThatMayBeImported).map((folder) => `${folder}/src`), 'sidecar/src', 'test']
      .flatMap(importsIn)
      .filter(({ specifier }) => /^@postern\/[a-z]+\/./.test(specifier) && !isDoor(specifier))
    expect(deep).toEqual([])
  })
})

describe('shared code', () => {
  test('never asks for a gateway’s name', () => {
    const names = /joy.?token|open.?token|free.?ai|onysoft|mintoken|harbor/i
    const shared = ['packages/core/src', 'packages/protocol/src', 'packages/express/src', 'packages/server/src', 'packages/gateways/src']
      .flatMap(sourcesOf)
      .filter((file) => !file.startsWith('packages/gateways/src/dialects/'))
    expect(shared.length).toBeGreaterThan(100)
    expect(shared.filter((file) => names.test(codeOf(file)))).toEqual([])
  })

  test('reveals a secret only where a credential is checked, minted, sent or searched for', () => {
    const everywhere = [...Object.keys(packagesThatMayBeImported), 'sidecar'].flatMap((folder) => sourcesOf(`${folder}/src`))
    const places = everywhere.filter((file) => readFileSync(join(root, file), 'utf8').includes('.reveal()'))
    expect(places.toSorted()).toEqual([
      'packages/core/src/assertion/sign-assertion.ts',
      'packages/core/src/config/check-callers.ts',
      'packages/core/src/config/check-keys.ts',
      'packages/core/src/config/check-store.ts',
      'packages/core/src/forward/prepare-key.ts',
      'packages/core/src/identify/proof/nonces.ts',
      'packages/core/src/identify/session-verifier.ts',
      'packages/core/src/redactor.ts',
      'packages/core/src/session/sign-session.ts',
      'sidecar/src/admin-api.ts',
      'sidecar/src/commands/reload.ts',
      'sidecar/src/commands/session.ts',
      'sidecar/src/open-store.ts',
    ])
  })

  test('opens a connection to a gateway in one place, and elsewhere only to the backend and for what the configuration names', () => {
    const places = sourcesOf('packages/core/src').filter((file) =>
      /new (?:Pool|Client|Agent)\(|\bfetch\(|https?\.request/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(places.toSorted()).toEqual([
      'packages/core/src/backend/node-transport.ts',
      'packages/core/src/backend/undici-transport.ts',
      'packages/core/src/fetch-bounded.ts',
      'packages/core/src/forward/open-upstream.ts',
    ])
  })
})

describe('the size of files', () => {
  test('the corridor fits on a screen', () => {
    expect(readFileSync(join(root, 'packages/core/src/corridor.ts'), 'utf8').split('\n').length).toBeLessThanOrEqual(60)
  })

  test('no source file has more than 300 lines', () => {
    const large = [...Object.keys(packagesThatMayBeImported), 'sidecar']
      .flatMap((folder) => sourcesOf(`${folder}/src`))
      .filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 300)
    expect(large).toEqual([])
  })
})
