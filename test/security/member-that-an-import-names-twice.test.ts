import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ImportedLine, readImport } from '../../sidecar/src/keys/read-import.js'

const [first, second] = ['sk_the_key_that_stands_first', 'sk_the_key_that_stands_second']

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-twice-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function read(text: string): Promise<readonly ImportedLine[]> {
  const file = join(folder, 'keys.jsonl')
  writeFileSync(file, text)
  const lines: ImportedLine[] = []
  for await (const some of readImport(file, () => {})) lines.push(...some)
  return lines
}

test.each([
  ['the secret', `{"alias":"a","gateway":"main","secret":"${first}","secret":"${second}"}`],
  ['the secret, once in escapes', `{"alias":"a","gateway":"main","secret":"${first}","s\\u0065cret":"${second}"}`],
  ['the alias', `{"alias":"a","alias":"b","gateway":"main","secret":"${first}"}`],
  ['the callers', `{"alias":"a","gateway":"main","secret":"${first}","bind":[],"bind":[{"team":"acme"}]}`],
  ['a team within the callers', `{"alias":"a","gateway":"main","secret":"${first}","bind":[{"team":"acme","team":"globex"}]}`],
])('member-that-an-import-names-twice: a line is a fault if it gives twice %s', async (_, line) => {
  const good = JSON.stringify({ alias: 'z', gateway: 'main', secret: first, bind: [{ team: 'a' }, { team: 'b' }] })
  const [fault, key] = await read(`${line}\n${good}\n`)
  expect(fault).toEqual({ line: 1, fault: 'has a member twice.' })
  expect(key).toMatchObject({ line: 2, key: { alias: 'z' } })
})
