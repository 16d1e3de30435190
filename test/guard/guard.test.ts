import { randomBytes } from 'node:crypto'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createProject, type Project, type Watcher } from './project.js'

const bundlers = ['vite', 'esbuild'] as const
const random = (): string => randomBytes(24).toString('hex')

let project: Project
function given(files: Readonly<Record<string, string>>): void {
  project = createProject(files)
}

beforeEach(() => {
  vi.unstubAllEnvs()
})
afterEach(() => project.remove())

describe.each(bundlers)('the guard in a build with %s', (bundler) => {
  const forms = {
    'jt_…': 'jt_',
    'sk-optk-…': 'sk-optk-',
    'sk-ony-…': 'sk-ony-',
    'sk-ant-…': 'sk-ant-',
    'sk-proj-…': 'sk-proj-',
    'sk-…': 'sk-',
    'mt_live_…': 'mt_live_',
    'fai_…': 'fai_',
    'gw_…': 'gw_',
    'AIza…': 'AIza',
  }
  test.each(Object.entries(forms))('finds a key of the form %s in a source', async (form, prefix) => {
    const key = prefix + random()
    given({ 'main.ts': `console.log('page')\nexport const client = { key: '${key}' }\nconsole.log(client)` })
    const complaint = await project[bundler]()
    expect(complaint).toMatch(new RegExp(`main\\.ts:2: .*a key of the form ${form}`))
    expect(complaint).toContain('@postern/client')
    expect(complaint).not.toContain(key)
    expect(project.output()).not.toContain(key)
  })

  test('finds the value of a variable, whatever its form, and says which', async () => {
    const value = random()
    vi.stubEnv('MINTOKEN_API_KEY', value)
    given({ 'main.ts': `\n\nconsole.log('${value}')` })
    const complaint = await project[bundler]()
    expect(complaint).toMatch(/main\.ts:3: .*the value of the variable MINTOKEN_API_KEY/)
    expect(complaint).not.toContain(value)
  })

  test('finds a variable of one’s own that is named to it', async () => {
    const value = random()
    vi.stubEnv('ACME_SECRET', value)
    given({ 'main.ts': `console.log('${value}')` })
    expect(await project[bundler]({}, { variables: ['ACME_SECRET'] })).toContain('the value of the variable ACME_SECRET')
  })

  test('finds what a definition puts in', async () => {
    const key = `sk-proj-${random()}`
    given({ 'main.ts': 'declare const KEY: string\nconsole.log(KEY)' })
    const complaint = await project[bundler]({ define: { KEY: JSON.stringify(key) } })
    expect(complaint).toContain('a key of the form sk-proj-…')
    expect(complaint).not.toContain(key)
  })

  test('finds a variable that a definition puts in', async () => {
    const value = random()
    vi.stubEnv('ANTHROPIC_API_KEY', value)
    given({ 'main.ts': 'console.log(process.env.ANTHROPIC_API_KEY)' })
    const complaint = await project[bundler]({ define: { 'process.env.ANTHROPIC_API_KEY': JSON.stringify(value) } })
    expect(complaint).toContain('ANTHROPIC_API_KEY')
    expect(complaint).not.toContain(value)
  })

  test.each([
    'process.env.OPENAI_API_KEY',
    'process.env["OPENAI_API_KEY"]',
    'import.meta.env.JOY_TOKEN_API_KEY',
    'import.meta.env.VITE_OPENTOKEN_API_KEY',
  ])('finds that a page asks for %s, though it is not set here', async (expression) => {
    given({ 'main.ts': `const from = 'elsewhere'\nconsole.log(from, ${expression})` })
    expect(await project[bundler]()).toMatch(/main\.[jt]s:\d+: .*the variable \w+_API_KEY/)
  })

  test('finds a key in a dependency, and says in which file', async () => {
    given({
      'main.ts': "import { call } from 'helpful'\ncall()",
      'node_modules/helpful/package.json': '{"name":"helpful","version":"1.0.0","type":"module","main":"index.js"}',
      'node_modules/helpful/index.js': `export function call() {\n  return fetch('/x', { headers: { key: 'mt_live_${random()}' } })\n}`,
    })
    expect(await project[bundler]()).toMatch(/node_modules\/helpful\/index\.js:2: .*a key of the form mt_live_…/)
  })

  test.each([true, false])('finds a key in pieces that are joined by whoever runs it (minified: %s)', async (minify) => {
    const key = `sk-ony-${random()}`
    given({ 'main.ts': `console.log(\n  '${key.slice(0, 12)}' +\n  '${key.slice(12, 30)}' + '${key.slice(30)}')` })
    const complaint = await project[bundler](bundler === 'vite' ? { build: { minify } } : { minify })
    expect(complaint).toMatch(/main\.ts:2: .*a key of the form sk-ony-…/)
  })

  test('finds a key that only a source map publishes', async () => {
    const key = `jt_${random()}`
    given({ 'main.ts': `// for a trial: ${key}\nconsole.log('page')` })
    const config = bundler === 'vite' ? { build: { sourcemap: true } } : { sourcemap: true, minify: true }
    const complaint = await project[bundler](config)
    expect(complaint).toMatch(/main\.ts:1: .*a key of the form jt_…, which reaches .*\.js\.map/)
    expect(complaint).not.toContain(key)
  })

  test('finds it in a source map that is part of the code, too', async () => {
    const key = `jt_${random()}`
    given({ 'main.ts': `// for a trial: ${key}\nconsole.log('page')` })
    const complaint = await project[bundler](
      bundler === 'vite' ? { build: { sourcemap: 'inline' } } : { sourcemap: 'inline', minify: true },
    )
    expect(complaint).toMatch(/main\.ts:1: .*a key of the form jt_…/)
  })

  test('finds a key in an asset, as a file and as part of the code', async () => {
    const key = `fai_${random()}`
    given({
      'main.ts': "import large from './large.svg'\nimport small from './small.svg'\nconsole.log(large, small)",
      'large.svg': `<svg xmlns="http://www.w3.org/2000/svg"><desc>${key}</desc>${'<path d="M0 0h1v1z"/>'.repeat(600)}</svg>`,
      'small.svg': `<svg xmlns="http://www.w3.org/2000/svg"><desc>\n${key}</desc></svg>`,
    })
    const asFile = await project[bundler](bundler === 'vite' ? { build: { assetsInlineLimit: 0 } } : { loader: { '.svg': 'file' } })
    expect(asFile).toMatch(/large\.svg:1: .*a key of the form fai_…/)
    const inCode = await project[bundler](bundler === 'vite' ? {} : { loader: { '.svg': 'dataurl' } })
    expect(inCode).toMatch(/(?:small\.svg:2|large\.svg:1): .*a key of the form fai_…/)
    expect(`${asFile}${inCode}`).not.toContain(key)
  })

  test('finds a key in a file that is called a map and is none', async () => {
    given({ 'main.ts': '' })
    const config = JSON.stringify({ sourcesContent: 'none', token: `jt_${random()}` })
    const complaint = await (bundler === 'vite'
      ? (project.write('public/config.map', config), project.vite())
      : (project.write('config.map', config),
        project.write('main.ts', "import map from './config.map'\nconsole.log(map)"),
        project.esbuild({ loader: { '.map': 'file' } })))
    expect(complaint).toMatch(/config[^:]*\.map:1: .*a key of the form jt_…/)
  })

  test('finds a key that stands after an underscore', async () => {
    given({ 'main.ts': `console.log('x_sk-proj-${random()}')` })
    expect(await project[bundler]()).toMatch(/main\.ts:1: .*a key of the form sk-…|main\.ts:1: .*a key of the form sk-proj-…/)
  })

  test('finds a value that has other letters than ASCII, as the bundler writes it', async () => {
    const value = `schlüssel-${random()}-größe`
    vi.stubEnv('OPENAI_API_KEY', value)
    given({ 'main.ts': `console.log('page')\nconsole.log('${value}')` })
    const complaint = await project[bundler](bundler === 'vite' ? {} : { charset: 'utf8' })
    expect(complaint).toMatch(/main\.ts:2: .*the value of the variable OPENAI_API_KEY/)
  })

  const quoted = `plain "value" of ${random()}`
  test.each<[how: string, content: string | Uint8Array]>([
    ['in UTF-8', `ä ${quoted} ö`],
    ['as a field of a form', new URLSearchParams({ key: quoted }).toString()],
    ['in HTML', `<p title="${quoted.replaceAll('"', '&quot;')}">`],
    ['in numbers of HTML', quoted.replaceAll(/[^]/g, (letter) => `&#${letter.charCodeAt(0)};`)],
    ['in UTF-16', Buffer.from(quoted, 'utf16le')],
    ['in UTF-16 of the other order', Buffer.from(quoted, 'utf16le').swap16()],
  ])('finds a value that is written %s in an asset', async (_, content) => {
    vi.stubEnv('OPENAI_API_KEY', quoted)
    given({ 'main.ts': "import asset from './asset.bin'\nconsole.log(asset)" })
    project.write('asset.bin', content)
    const complaint = await project[bundler](
      bundler === 'vite' ? { assetsInclude: ['**/*.bin'], build: { assetsInlineLimit: 0 } } : { loader: { '.bin': 'file' } },
    )
    expect(complaint).toContain('the value of the variable OPENAI_API_KEY')
  })

  test.each<[what: string, text: (value: string) => string]>([
    ['alone', (value) => value],
    ['behind one byte', (value) => `:${value}`],
    ['behind two bytes', (value) => `u:${value}`],
    ['as Basic credentials', (value) => `Basic ${value}`],
    ['as Bearer credentials', (value) => `Bearer ${value}\n`],
    ['as JSON', (value) => JSON.stringify({ key: value })],
    ['as a query', (value) => `?key=${encodeURIComponent(value)}&page=1`],
  ])('finds a value and a key in base64, wherever they stand in it: %s', async (_, text) => {
    vi.stubEnv('OPENAI_API_KEY', quoted)
    given({})
    for (const [value, found] of [
      [quoted, 'the value of the variable OPENAI_API_KEY'],
      [`gw_${random()}?>`, 'a key of the form gw_…'],
    ] as const) {
      for (const alphabet of ['base64', 'base64url'] as const) {
        const data = Buffer.from(text(value)).toString(alphabet)
        project.write('main.ts', `console.log(atob('${data}'))`)
        expect(await project[bundler](), alphabet).toContain(found)
      }
    }
  })

  test.each<[how: string, code: (value: string) => string]>([
    ['once', (value) => `console.log(JSON.parse(${JSON.stringify(JSON.stringify({ k: value }))}))`],
    ['twice', (value) => `console.log(eval(${JSON.stringify(`JSON.parse(${JSON.stringify(JSON.stringify({ k: value }))})`)}))`],
    ['in a template', (value) => `console.log(String.raw\`${JSON.stringify({ k: value })}\`)`],
  ])('finds a value with quotes and backslashes in a text within a text: %s', async (_, code) => {
    const value = `${random()}"x\\y"${random()}é`
    vi.stubEnv('OPENAI_API_KEY', value)
    given({ 'main.ts': code(value) })
    expect(await project[bundler]()).toContain('the value of the variable OPENAI_API_KEY')
  })

  test('lets data in base64 pass that is no key', async () => {
    vi.stubEnv('OPENAI_API_KEY', '\\'.repeat(12))
    const data = randomBytes(300_000)
    given({
      'main.ts': `console.log(atob('${data.toString('base64')}'), '${'A'.repeat(5000)}', '${Buffer.from('a page of words, and no more').toString('base64')}')`,
    })
    expect(await project[bundler]()).toBeUndefined()
  })

  test('finds a key in a style', async () => {
    given({ 'main.ts': "import './page.css'", 'page.css': `body { color: red }\nbody::after { content: 'sk-${random()}' }` })
    expect(await project[bundler]()).toMatch(/page\.css:2: .*a key of the form sk-…/)
  })

  test('lets documentation pass, and names that only begin like a key', async () => {
    given({
      'main.ts': [
        '/**',
        ' * Never write `process.env.OPENAI_API_KEY` in a page.',
        ' */',
        'console.log("Your key begins with sk-… or sk-ant-..., mt_live_…; it looks like sk-xxxxxxxxxxxxxxxxxxxx or jt_your_key_here.")',
        'console.log("Set OPENAI_API_KEY on the server, never in the page: export OPENAI_API_KEY=sk-your-own-key-goes-here")',
        'document.body.className = "sk-loading-indicator task-sk-folding-cube-wrapper gw_request_count"',
        'console.log(readEnv("OPENAI_API_KEY"))',
        'function readEnv(name: string) { return name }',
        'const sample = "new OpenAI({ apiKey: process.env.OPENAI_API_KEY })" + /["\'`]process.env.OPENAI_API_KEY/.source',
        'document.body.append(sample, `${sample.replace(/`/g, "")} is process.env.OPENAI_API_KEY, ${"{"} and import.meta.env.VITE_OPENAI_API_KEY`)',
        'document.body.append("gw_v2_request_count")',
        "document.title = '*/*' + risk_of_something_long_enough('desk-arrangement-for-twenty-people')",
        'function risk_of_something_long_enough(text: string) { return text }',
      ].join('\n'),
    })
    vi.stubEnv('OPENAI_API_KEY', 'test')
    const config = bundler === 'vite' ? { build: { sourcemap: true, minify: false } } : { sourcemap: true }
    expect(await project[bundler](config)).toBeUndefined()
    expect(project.output()).toContain('sk-ant-...')
  })

  test('lets names of files pass, as of texts in Slovak, also those that a bundler makes', async () => {
    const names = ['sk-messages.json', 'sk-messages-DkP3x9aB.js', 'sk-messages-Bx-2p_Lq.js.map', 'sk-SK-translations-0a1b2c3d.json']
    const further = [
      'sk-onboarding-messages.4f2a9c1e.css',
      'sk-loading-0123456789abcdef.js',
      'i18n/sk-common-strings-AbC123xY.mjs',
      'gw_messages-Dk3x9aB1.svg',
    ]
    given({ 'main.ts': `console.log(${JSON.stringify([...names, ...further])})` })
    expect(await project[bundler]()).toBeUndefined()
  })

  test.each<[what: string, text: (key: string) => string]>([
    ['at the end of a sentence', (key) => `The key is ${key}. Keep it.`],
    ['before the name of a file', (key) => `${key}.json`],
    ['in the name of a file', (key) => `messages-${key}.js`],
    ['beside a name of a file', (key) => `sk-messages.json ${key}`],
    ['behind words, before the name of a file', (key) => `${key}-messages.json`],
  ])('finds a key %s', async (_, text) => {
    const key = `sk-proj-${random()}`
    given({ 'main.ts': `console.log(${JSON.stringify(text(key))})` })
    const complaint = await project[bundler]()
    expect(complaint).toContain('a key of the form sk-')
    expect(complaint).not.toContain(key)
  })

  test('finds a key behind an escape, of a text or an address', async () => {
    given({ 'main.ts': `console.log("\\nsk-${random()}")\nconsole.log('/ask?authorization=Bearer%20jt_${random()}')` })
    const complaint = await project[bundler]()
    expect(complaint).toMatch(/main\.ts:1: .*a key of the form sk-…/)
    expect(complaint).toMatch(/main\.ts:2: .*a key of the form jt_…/)
  })

  test('lets pass what is allowed by name', async () => {
    const key = `AIza${random()}`
    given({ 'main.ts': `console.log('${key}')` })
    expect(await project[bundler]({}, { allow: [key] })).toBeUndefined()
    expect(await project[bundler]({}, { allow: [/^AIza/] })).toBeUndefined()
  })

  test('lets the real client pass, with its maps', async () => {
    const client = new URL(import.meta.resolve('@postern/client')).pathname
    given({ 'main.ts': `import { createPostern } from '${client}'\nconsole.log(createPostern({ url: '/ai' }).openai())` })
    vi.stubEnv('OPENAI_API_KEY', `sk-proj-${random()}`)
    expect(await project[bundler](bundler === 'vite' ? { build: { sourcemap: true } } : { sourcemap: true, minify: true })).toBeUndefined()
  })

  test('lets what a page says pass, where it is written as JSX', async () => {
    given({
      'index.html': '<!doctype html><script type="module" src="/main.tsx"></script><code>process.env.OPENAI_API_KEY</code>',
      'main.tsx': [
        '/** @jsxRuntime classic */',
        'const React = { createElement: (...words: unknown[]) => words }',
        "console.log(<p>Don't write process.env.OPENAI_API_KEY here.</p>)",
      ].join('\n'),
    })
    const config = bundler === 'vite' ? ({ oxc: { jsx: { runtime: 'classic' } } } as const) : { entryPoints: ['main.tsx'] }
    expect(await project[bundler](config)).toBeUndefined()
    expect(project.output()).toContain("Don't write")
  })

  test('is not led astray by what looks like a text and is none', async () => {
    given({
      'main.ts': [
        'const quotes = /["\'`]/g, half = 4 / 2, url = "//not a comment", text = `a ${quotes.test(`b "${half}`) ? "c" : "d"} e`',
        'console.log(quotes, half, url, text); console.log(process.env.OPENAI_API_KEY)',
      ].join('\n'),
    })
    expect(await project[bundler](bundler === 'vite' ? {} : { minify: true })).toMatch(/main\.ts:2: .*the variable OPENAI_API_KEY/)
  })

  test('leaves builds for servers alone', async () => {
    given({ 'main.ts': "export const key = process.env.OPENAI_API_KEY ?? 'jt_0123456789abcdef'" })
    expect(await project[bundler](bundler === 'vite' ? { build: { ssr: 'main.ts' } } : { platform: 'node' })).toBeUndefined()
  })
})

describe('the guard in a build with Vite', () => {
  test('finds a key that .env gives to the page, and says on which line of it', async () => {
    const value = random()
    given({
      'main.ts': 'console.log(import.meta.env.VITE_AI)',
      '.env': 'VITE_TITLE=A page\n',
      '.env.production': `VITE_TITLE=A page\nVITE_AI=sk-optk-${value}\n`,
    })
    const complaint = await project.vite()
    expect(complaint).toMatch(/\.env\.production:2: a key of the form sk-optk-…/)
    expect(complaint).not.toContain(value)
  })

  test('finds a variable that .env gives to the page by its name, whatever its value looks like', async () => {
    const value = random()
    given({ 'main.ts': 'console.log(import.meta.env.VITE_OPENAI_API_KEY)', '.env': `VITE_OPENAI_API_KEY=${value}\n` })
    const complaint = await project.vite()
    expect(complaint).toContain('.env:1: the value of the variable VITE_OPENAI_API_KEY')
    expect(complaint).toContain('main.ts:1: the variable VITE_OPENAI_API_KEY\n')
    expect(complaint).not.toContain(value)
  })

  test('finds it where the whole environment is put into the page', async () => {
    const value = random()
    given({ 'main.ts': 'console.log(import.meta.env)', '.env': `VITE_ONYSOFT_API_KEY=${value}\n` })
    expect(await project.vite()).toContain('the value of the variable VITE_ONYSOFT_API_KEY')
  })

  test('finds a key in a worker', async () => {
    given({
      'main.ts': "new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })",
      'worker.ts': `\npostMessage('jt_${random()}')`,
    })
    expect(await project.vite()).toMatch(/worker\S*: .*a key of the form jt_…/)
  })

  test('finds a key in the public folder and in the page itself', async () => {
    const page = `<!doctype html>\n<meta name="ai" content="gw_${random()}">\n<script type="module" src="/main.ts"></script>`
    given({ 'main.ts': '', 'index.html': page, 'public/config/ai.json': `{\n  "key": "jt_${random()}"\n}` })
    const complaint = await project.vite()
    expect(complaint).toMatch(/public\/config\/ai\.json:2: a key of the form jt_…/)
    expect(complaint).toMatch(/index\.html:2: a key of the form gw_…/)
  })
})

describe('the guard of a public folder', () => {
  test('finds a key behind a link, to a file and to a folder', async () => {
    given({ 'main.ts': '', 'public/page.txt': 'a page', 'elsewhere/one.json': `"jt_${random()}"`, 'further/two.json': `"gw_${random()}"` })
    symlinkSync('../elsewhere/one.json', join(project.folder, 'public/linked.json'))
    symlinkSync('../further', join(project.folder, 'public/linked'))
    const complaint = await project.vite()
    expect(complaint).toMatch(/public\/linked\.json:1: a key of the form jt_…/)
    expect(complaint).toMatch(/public\/linked\/two\.json:1: a key of the form gw_…/)
  })

  test('finds a key in a map of maps, and says in which source', async () => {
    const map = { version: 3, sources: ['one.ts'], sourcesContent: [`\nconsole.log('jt_${random()}')`], names: [], mappings: '' }
    const indexed = { version: 3, sections: [{ offset: { line: 0, column: 0 }, map }] }
    given({ 'main.ts': '', 'public/lib.js.map': JSON.stringify(indexed) })
    expect(await project.vite()).toMatch(/one\.ts:2: a key of the form jt_…, which reaches lib\.js\.map/)
  })
})

describe('the guard where Vite watches', () => {
  const reads = "console.log(process.env['OPENAI_API_KEY'])"
  let watcher: Watcher
  /** Starts a build that watches. Returns a function that changes files and waits for the next build; it gives the complaint. */
  async function watch(): Promise<(change: () => void) => Promise<string | undefined>> {
    const ended: ((complaint: string | undefined) => void)[] = []
    const next = (): Promise<string | undefined> => new Promise((resolve) => ended.push(resolve))
    const first = next()
    watcher = await project.watch((complaint) => ended.shift()?.(complaint))
    expect(await first).toContain('the variable OPENAI_API_KEY')
    return (change) => {
      const complaint = next()
      change()
      return complaint
    }
  }
  afterEach(() => watcher.close())

  test('a module that the page no longer imports is not reported', async () => {
    given({ 'main.ts': "import './left'\nconsole.log('page')", 'left.ts': reads })
    const after = await watch()
    expect(await after(() => project.write('main.ts', "console.log('page')"))).toBeUndefined()
  })

  test('a module that did not change is reported again', async () => {
    given({ 'main.ts': "import './stays'\nconsole.log('page')", 'stays.ts': reads })
    const after = await watch()
    expect(await after(() => project.write('main.ts', "import './stays'\nconsole.log('another page')"))).toContain('stays.ts:1')
  })
})

describe('the guard in a build with esbuild', () => {
  test.each([0, 1, 2, 3])('finds a key in a binary file that is part of the code, behind %i bytes', async (before) => {
    const key = `sk-proj-${random()}`
    given({ 'main.ts': "import data from './data.bin'\nconsole.log(data)" })
    project.write('data.bin', Buffer.concat([Buffer.alloc(before), Buffer.from(key), Buffer.from([0, 255, 254])]))
    const complaint = await project.esbuild({ loader: { '.bin': 'binary' } })
    expect(complaint).toMatch(/data\.bin:1: .*a key of the form sk-/)
  })

  test('finds a key also where nothing is written to disk', async () => {
    given({ 'main.ts': `console.log('jt_${random()}')` })
    expect(await project.esbuild({ write: false })).toContain('a key of the form jt_…')
  })

  test('deletes no file of an earlier build where this one writes nothing to disk', async () => {
    given({ 'main.ts': `console.log('jt_${random()}')`, 'dist/main.js': 'console.log("of an earlier build")' })
    expect(await project.esbuild({ write: false })).toContain('a key of the form jt_…')
    expect(project.output()).toBe('console.log("of an earlier build")')
  })
})
