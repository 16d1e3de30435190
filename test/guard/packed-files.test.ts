import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { findKeys } from '../../packages/guard/src/find-keys.js'
import { createProject, type Project } from './project.js'

const key = `sk-proj-${randomBytes(24).toString('hex')}`
const script = `console.log("page")\nconsole.log("${key}")`

let project: Project
afterEach(() => project.remove())

function given(name: string, content: string | Uint8Array): void {
  project = createProject({ 'main.ts': 'console.log(1)' })
  mkdirSync(join(project.folder, 'public'))
  project.write(`public/${name}`, content)
}

describe('the guard looks into packed files', () => {
  test.each<[what: string, name: string, content: Uint8Array]>([
    ['gzip', 'a.js.gz', gzipSync(script)],
    ['Brotli', 'a.js.br', brotliCompressSync(script)],
    ['gzip under another name', 'a.bin', gzipSync(script)],
    ['gzip in gzip', 'a.js.gz', gzipSync(gzipSync(script))],
  ])('and finds a key in them: %s', async (_, name, content) => {
    given(name, content)
    const complaint = await project.vite()
    expect(complaint).toContain('a key of the form sk-proj-…')
    expect(complaint).not.toContain(key)
  })

  test.each<[what: string, name: string, content: string | Uint8Array]>([
    ['Zstandard', 'a.js.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])],
    ['what is broken', 'a.js.gz', gzipSync(script).subarray(0, 30)],
    ['what is none', 'a.js.br', 'no Brotli'],
    ['what would be too large', 'a.js.gz', gzipSync(Buffer.alloc(65 * 1024 * 1024))],
  ])('and tells of one that it cannot look into, unless it is allowed by name: %s', async (_, name, content) => {
    given(name, content)
    expect(await project.vite()).toContain(`${name}:1: a packed file that the guard cannot look into`)
    expect(await project.vite({}, { allow: [name] })).toBeUndefined()
  })

  test('and lets one without a key pass', async () => {
    given('a.js.gz', gzipSync('console.log("page")'))
    expect(await project.vite()).toBeUndefined()
  })
})

test('a stand-in is one as a whole: a key that holds such a word is a key', () => {
  given('a.txt', 'a')
  const rest = randomBytes(12).toString('hex')
  for (const found of [
    `sk-proj-xxxx${rest}1a2`,
    `sk-your1f${rest}`,
    `sk-proj-9${rest}example`,
    `jt_1placeholder${rest}`,
    `sk-ant-a1-redacted-${rest}`,
  ])
    expect([found, findKeys(`"${found}"`).length]).toEqual([found, 1])
  for (const passed of [
    'sk-xxxxxxxxxxxxxxxxxxxx',
    'jt_your_key_here_please',
    'sk-your-own-key-goes-here',
    'sk-proj-YourApiKeyGoesHere',
    'AIzaSyYOUR_API_KEY_EXAMPLE_PLACEHOLDER_',
  ])
    expect([passed, findKeys(`"${passed}"`).length]).toEqual([passed, 0])
})
