import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { layProgram, root, run } from './programs.js'

describe('TypeScript', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())
  const env = () => ({ SECRET: house.sessionSecret, POSTERN_URL: `${house.origin}/ai`, MODEL: house.model })

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
    // What is left to a bundler is no CommonJS yet.
    if (moduleResolution === 'bundler') {
      const file = join(folder, 'main.js')
      await build({ entryPoints: [file], outfile: file, allowOverwrite: true, bundle: true, platform: 'node', format: 'cjs' })
    }
    expect(await run(process.execPath, ['main.js'], folder, env())).toContain('You said: Hello complete')
  })
})
