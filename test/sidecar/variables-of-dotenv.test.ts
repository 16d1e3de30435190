import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readDotenv } from '../../sidecar/src/load-config.js'
import { readPlainDotenv } from '../../sidecar/src/plain-dotenv.js'

const load = createRequire(resolve(import.meta.dirname, '../../sidecar/package.json'))
const { parse } = load('dotenv') as { readonly parse: (text: string) => Record<string, string> }

/** What means something in such a file, and characters that mean nothing. */
const pieces = ['A', 'B', '=', ' ', '\n', '\r', '"', "'", '`', '#', '\\', 'n', ':', 'export ', '.', '-', '\t', '\u2028', '\u00a0', '\ufeff']

test('the variables of .env are those that the usual parser of dotenv finds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-dotenv-'))
  const file = join(folder, '.env')
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 24 }).map((all) => all.join(''))
  // The faster parser looks for comments in another way where the file is longer than 4096 characters.
  const long = text.map((beginning) => `${beginning}\n${'# a comment\n'.repeat(400)}`)
  fc.assert(
    fc.property(fc.oneof(text, long), (written) => {
      writeFileSync(file, written)
      expect(readDotenv(file)).toEqual(parse(written))
    }),
    { numRuns: 300 },
  )
  rmSync(folder, { recursive: true })
})

test('what is read of .env without the parser of dotenv is what that parser reads', () => {
  const line = fc.oneof(
    { weight: 8, arbitrary: fc.stringMatching(/^[A-C_][A-C0-9_]{0,2}=[-a-c0-9+/=.,:;@~!*]{0,6}$/) },
    { weight: 2, arbitrary: fc.constantFrom('', '# it is "not" a \'quote', '#A=1', '__proto__=x') },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((all) => all.join('')) },
  )
  let plainOnes = 0
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, ends) => {
      const text = lines.join('\n') + (ends ? '\n' : '')
      const read = readPlainDotenv(Buffer.from(text))
      if (read === undefined) return
      plainOnes += 1
      expect(read).toEqual(parse(text))
    }),
    { numRuns: 2000 },
  )
  expect(plainOnes).toBeGreaterThan(200)
})
