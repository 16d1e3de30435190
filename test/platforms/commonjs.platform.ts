import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { home, layProgram, run } from './programs.js'

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

  const main = `${chat}\nvoid ask(process.env.MODEL).then(read).then(({ text }) => console.log(text))`

  test('Node requires them', async () => {
    const folder = layProgram('require', { 'package.json': '{"type":"commonjs"}', 'main.js': main })
    expect(await run(process.execPath, ['main.js'], folder, env())).toContain('You said: Hello')
  })

  test('esbuild makes one file of what requires them', async () => {
    const folder = layProgram('esbuild-require', { 'package.json': '{"type":"commonjs"}', 'main.js': main })
    await build({
      entryPoints: [join(folder, 'main.js')],
      outfile: join(folder, 'bundled/main.js'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
    })
    expect(await run(process.execPath, ['bundled/main.js'], folder, env())).toContain('You said: Hello')
  })
})
