import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readCalls } from '../support/client-methods.js'
import { askedOfAll, isClosed } from './methods/closed-methods.js'
import { packages } from './methods/find-methods.js'
import { rows } from './http/rows.js'
import { fidelityPage } from './page.js'
import type { Results } from './run-parts.js'

const command = join(import.meta.dirname, 'dist/fidelity/main.js')

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function fidelity(args: readonly string[]): Promise<Finished> {
  return new Promise((done) => {
    execFile(process.execPath, [command, ...args], { env: { PATH: process.env['PATH'] }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr }),
    )
  })
}

describe('a sample of each kind, directly and through Postern', () => {
  let finished: Finished
  let results: Results
  beforeAll(async () => {
    finished = await fidelity(['--short', '--json'])
    results = JSON.parse(finished.stdout || 'null') as Results
    if (results === null) throw new Error(`The comparison did not get to its end.\n${finished.stderr}`)
  }, 120_000)

  test('methods of the official clients give the same, and the upstream got the same request', () => {
    const kinds = new Set(results.methods.map((result) => `${result.package} ${result.kind}`))
    expect(kinds.size).toBeGreaterThanOrEqual(12)
    expect(results.methods.filter(({ differences }) => differences.length > 0)).toEqual([])
    expect(results.methods.some(({ outcome }) => outcome === 'refused')).toBe(true)
  })

  test('streams that are cut in two come out byte for byte, and clients read the same', () => {
    expect(results.streams.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'openai-chat, read by openai',
        'openai-responses, read by @ai-sdk/openai',
        'anthropic-messages, read by @anthropic-ai/sdk',
        'google-generate, read by events',
        'joytoken',
      ]),
    )
    expect(results.streams.filter(({ cuts }) => cuts < 4)).toEqual([])
    expect(results.streams.filter(({ differences }) => differences.length > 0)).toEqual([])
  })

  test('odd but legal HTTP is the same on both roads, or listed with its reason', () => {
    expect(new Set(results.http.map(({ group, name }) => `${group} ${name}`)).size).toBeGreaterThanOrEqual(80)
    expect(results.http.filter(({ differences }) => differences.length > 0)).toEqual([])
  })

  test('the exit status says so', () => {
    expect(finished.code).toBe(0)
  })
})

describe('the matrix of methods', () => {
  test.each(packages.filter((name) => name !== '@anthropic-ai/sdk'))('has every call that the files of %s make', async (name) => {
    const asked = await askedOfAll()
    const calls = new Set(
      asked.filter(({ method }) => method.package === name).map(({ verb, path }) => `${verb} ${path.replaceAll('{id}', '{}')}`),
    )
    expect([...readCalls(name)].filter((call) => !calls.has(call))).toEqual([])
  })

  test('gets every method to send something', async () => {
    expect((await askedOfAll()).filter(({ path }) => path === '').map(({ method }) => `${method.package} ${method.name}`)).toEqual([])
  })

  test('leaves nothing out but what is closed', async () => {
    const closed = new Set((await askedOfAll()).filter(({ path }) => isClosed(path)).map(({ path }) => path.split('/')[0]))
    expect(closed).not.toContain('chat')
    expect([...closed]).toEqual(expect.arrayContaining(['organization', 'realtime']))
  })
})

test('no two rows of HTTP have one name', () => {
  const names = rows.map(({ group, name }) => `${group}: ${name}`)
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
})

test('the page says what is different on purpose, and nothing else; mended with "npm run fidelity -- --page"', async () => {
  expect(readFileSync(resolve(import.meta.dirname, '../../docs/fidelity.md'), 'utf8')).toBe(await fidelityPage())
})

describe('npm run fidelity', () => {
  test.each<[string[], RegExp]>([
    [['--only', 'other'], /"other" is none of methods, streams, http/],
    [['--nonsense'], /nonsense/],
  ])('says what is wrong with %j', async (args, words) => {
    const { code, stderr } = await fidelity(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(words)
  })

  test('shows how it is used', async () => {
    const { code, stdout } = await fidelity(['--help'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('Exit status: 0')])
  })
})
