import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { home, layProgram, root, run } from './programs.js'

const chat = `
const { createPostern, PosternStreamError } = require('@postern/client')
const { createPosternFetch } = require('@postern/client/fetch')
const { createSessionMinter, runWorkflow } = require('@postern/server')
const { OpenAI } = require('openai')

const minter = createSessionMinter({ secret: process.env.SECRET })
const postern = createPostern({ url: process.env.POSTERN_URL, token: async () => (await minter.mint({ user: 'ada', team: 'acme' })).token })
const ask = (model) => postern.openai({ maxRetries: 0 }).chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }], stream: true })
const read = async (stream) => {
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  return { text, record: await postern.governance(stream) }
}
`

describe('CommonJS consumers', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())
  const env = () => ({ SECRET: house.sessionSecret, POSTERN_URL: `${house.origin}/ai`, MODEL: house.model })

  test('jest runs client and server without a transform', async () => {
    const folder = layProgram('jest', {
      'package.json': '{"jest":{"testEnvironment":"node","transform":{}}}',
      'chat.test.js': `${chat}
test('a chat', async () => {
  expect(postern.openai()).toBeInstanceOf(OpenAI)
  expect(createPosternFetch({ url: 'https://a.example/ai' }).baseURL).toBe('https://a.example/ai/v1')
  const { text, record } = await runWorkflow('run-7', (run) => run.step('draft', async () => read(await ask(process.env.MODEL))))
  expect(text).toBe('You said: Hello')
  expect(record).toMatchObject({ workflow: 'run-7', step: 'draft', finish: 'complete' })
  await expect(ask('emulate/cut-stream').then(read)).rejects.toBeInstanceOf(PosternStreamError)
})`,
    })
    expect(await run(process.execPath, [join(home, 'node_modules/jest/bin/jest.js')], folder, env())).toContain('1 passed')
  })

  test('Node requires them', async () => {
    const main = `${chat}\nvoid ask(process.env.MODEL).then(read).then(({ text }) => console.log(text))`
    const folder = layProgram('require', { 'package.json': '{"type":"commonjs"}', 'main.js': main })
    expect(await run(process.execPath, ['main.js'], folder, env())).toContain('You said: Hello')
  })

  test.each([
    ['typescript-5.6', 'commonjs', 'node10'],
    ['typescript-5.9', 'commonjs', 'node10'],
    ['typescript-5.6', 'node16', 'node16'],
    ['typescript-5.9', 'esnext', 'bundler'],
    ['typescript', 'nodenext', 'nodenext'],
  ])('%s finds the types and code of both, for the module %s and the resolution %s', async (typescript, module, moduleResolution) => {
    const compilerOptions = {
      module,
      moduleResolution,
      strict: true,
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
      typeRoots: [join(root, 'node_modules/@types')],
      types: ['node'],
      esModuleInterop: true,
      skipLibCheck: false,
    }
    const folder = layProgram(`types-${typescript}-${module}`, {
      'package.json': '{"type":"commonjs"}',
      'tsconfig.json': JSON.stringify({ compilerOptions, files: ['main.ts'] }),
      'main.ts': `
import { createPostern, type GovernanceRecord } from '@postern/client'
import { createPosternFetch } from '@postern/client/fetch'
import { createSessionMinter, type SessionMinter } from '@postern/server'
import OpenAI from 'openai'
const minter: SessionMinter = createSessionMinter({ secret: process.env['SECRET'] })
const postern = createPostern({ url: process.env['POSTERN_URL'], token: async () => (await minter.mint({ user: 'ada', team: 'acme' })).token })
const openai: OpenAI = postern.openai()
export const seam: typeof fetch = createPosternFetch({ url: '/ai' }).fetch
async function main(): Promise<void> {
  const answer = await openai.chat.completions.create({ model: String(process.env['MODEL']), messages: [{ role: 'user', content: 'Hello' }] })
  const record: GovernanceRecord | undefined = postern.governance(answer)
  console.log(answer.choices[0]?.message.content, record?.finish)
}
void main()
`,
    })
    await run(process.execPath, [join(root, 'node_modules', typescript, 'bin/tsc')], folder)
    if (module !== 'esnext') expect(await run(process.execPath, ['main.js'], folder, env())).toContain('You said: Hello complete')
  })
})
