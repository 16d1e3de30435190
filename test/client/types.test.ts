import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
/** Inside the repository, so that the packages which it imports are found. */
const folder = join(import.meta.dirname, `.types-${process.pid}`)

const client = '@postern/client'

/** What somebody writes, with what the types must say of it, and what they must refuse. */
const consumer = `
import { createPostern, type GovernanceRecord, PosternStreamError } from '@postern/client'
import { createPosternFetch } from '${client}/fetch'
import OpenAI from 'openai'

const postern = createPostern({ url: '/ai', token: async ({ jkt }) => String(jkt), dpop: true })
export const openai: OpenAI = postern.openai({ maxRetries: 0 })
export async function use(): Promise<void> {
  const request = { model: 'auto', messages: [{ role: 'user' as const, content: 'Hello' }] }
  const answer = await openai.chat.completions.create(request)
  const record: GovernanceRecord | undefined = postern.governance(answer)
  const amount: number | undefined = record?.cost?.amount
  const withResponse: GovernanceRecord | undefined = postern.governance(await openai.chat.completions.create(request).withResponse())
  const stream = await openai.chat.completions.create({ ...request, stream: true })
  const ended: Promise<GovernanceRecord> = postern.governance(stream)
  const helped: Promise<GovernanceRecord> = postern.governance(openai.chat.completions.stream(request))
  const responded: Promise<GovernanceRecord> = postern.governance(openai.responses.stream({ model: 'auto', input: 'Hello' }))
  const step: OpenAI = postern.workflow('a').step('b').step('c').openai()
  const error: unknown = undefined
  if (error instanceof PosternStreamError) console.log(error.received.length, error.finish === 'truncated', postern.governance(error)?.key)
  console.log(amount, withResponse, await ended, await helped, await responded, step)
}
export const other: typeof fetch = createPosternFetch({ url: '/ai' }).fetch
// @ts-expect-error There is no option for a key.
createPostern({ url: '/ai', apiKey: 'x' })
// @ts-expect-error Nor here.
postern.openai({ apiKey: 'x' })
// @ts-expect-error A token is asked for.
createPostern({ url: '/ai', token: 'x' })
`

function check(typescript: string, resolution: string): Promise<string> {
  const config = join(folder, `tsconfig.${typescript}.${resolution}.json`)
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    module: resolution === 'bundler' ? 'esnext' : 'nodenext',
    moduleResolution: resolution,
    lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
    types: [],
    // Types of this package are looked at too, and those of openai with them.
    skipLibCheck: false,
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ['consumer.mts'] }))
  return new Promise((done) => {
    execFile(process.execPath, [join(root, 'node_modules', typescript, 'bin/tsc'), '-p', config], (_, stdout) => done(stdout))
  })
}

describe('the types of the client are right', () => {
  beforeAll(() => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'consumer.mts'), consumer)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    ['typescript-5.6', 'bundler'],
    ['typescript-5.9', 'nodenext'],
    ['typescript', 'bundler'],
    ['typescript', 'nodenext'],
  ])('for %s with the resolution %s', { timeout: 60_000 }, async (typescript, resolution) => {
    expect(await check(typescript, resolution)).toBe('')
  })
})
