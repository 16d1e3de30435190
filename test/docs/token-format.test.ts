import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sessionClaimNames, sessionToken } from '@postern/protocol'
import { actAs } from '@postern/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { findProgram } from '../support/programs.js'

const execute = promisify(execFile)
const page = readFileSync(join(import.meta.dirname, '../../docs/token-format.md'), 'utf8')
const python = findProgram('python3')

let house: House
let folder: string
beforeAll(async () => {
  house = await openHouse()
  folder = mkdtempSync(join(tmpdir(), 'postern-tokens-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await house.close()
})

/** What an example of the page prints. */
async function printed(program: string, name: string): Promise<string> {
  const [, code] = new RegExp(`<!-- example: ${name.replaceAll('.', '\\.')} -->\n\`\`\`\\w+\n([\\s\\S]*?)\n\`\`\``).exec(
    page,
  ) as unknown as [string, string]
  const file = join(folder, name)
  writeFileSync(file, code)
  const env = { PATH: process.env['PATH'], POSTERN_SESSION_SECRET: house.sessionSecret }
  return (await execute(program, [file], { env })).stdout.trim()
}

/** Each with the program that runs its example. */
const programs: readonly (readonly [language: string, program: string, example: string])[] = [
  ['Node', process.execPath, 'token.mjs'],
  ...(python === undefined ? [] : [['Python', python, 'token.py'] as const]),
]

describe('the page of the format of tokens', () => {
  test('names every claim and every algorithm that Postern takes', () => {
    const [, claims = ''] = page.split('## Claims')
    const [table = ''] = claims.split('\n## ')
    const named = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) => [...names.matchAll(/\w+/g)].map(String))
    expect(named.toSorted()).toEqual([...sessionClaimNames].toSorted())
    for (const word of [sessionToken.type, sessionToken.algorithm, ...sessionToken.keyPairAlgorithms]) expect(page).toContain(`\`${word}\``)
  })

  test.each(programs)('has an example in %s, whose token Postern takes as it says', async (_, program, name) => {
    const token = await printed(program, name)
    expect((await house.chat({ credential: token, body: { model: 'auto' } })).status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'u_7', team: 'acme', via: 'session' })
    expect((await house.chat({ credential: token, body: { model: 'other' } })).status).toBe(403)
  })

  test.skipIf(python === undefined)('has an example in Python that writes Postern-Act-As as @postern/server does', async () => {
    const header = await printed(python as string, 'act-as.py')
    expect(header).toBe(actAs({ user: 'zoë@example.com', team: 'acme' }))
    expect((await house.chat({ credential: house.callers.delegate, headers: { 'postern-act-as': header } })).status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ user: 'zoë@example.com', team: 'acme' })
  })
})
