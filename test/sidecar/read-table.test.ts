import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readByLibrary, type TableRow } from '../../sidecar/src/keys/read-by-library.js'
import { readTable } from '../../sidecar/src/keys/read-table.js'

const maxRowBytes = 65_536

async function rowsOf(read: AsyncGenerator<readonly TableRow[]>): Promise<readonly unknown[]> {
  const rows: unknown[] = []
  try {
    for await (const some of read) rows.push(...some)
  } catch (error) {
    rows.push(String(error))
  }
  return rows
}

function checkHead(head: string[]): string[] {
  if (head.includes('no')) throw new TypeError('no such column')
  return head
}

const field = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-c =_]{0,3}$/) },
  { weight: 1, arbitrary: fc.constantFrom('ü', 'ş\u2028', '\u{1f511}', '"b,\nc"', '"', 'a"b', '\ufeff', '\t') },
)
const row = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(field, field, field).map((fields) => fields.join(',')) },
  { weight: 1, arbitrary: fc.array(field, { maxLength: 4 }).map((fields) => fields.join(',')) },
)
const end = fc.oneof({ weight: 9, arbitrary: fc.constant('\n') }, { weight: 1, arbitrary: fc.constantFrom('\r\n', '\r', '\n\n') })
const head = fc.oneof(
  { weight: 9, arbitrary: fc.constant('a,b,c') },
  { weight: 1, arbitrary: fc.constantFrom('', '\ufeffa,b,c', '"a",b,c', 'a,no,c', 'ä,b,c') },
)
const table = fc
  .tuple(head, end, fc.array(fc.tuple(row, end), { maxLength: 6 }), fc.boolean())
  .map(([first, behind, rows, ends]) => `${first}${behind}${rows.map((each) => each.join('')).join('')}${ends ? '' : 'x,y,z'}`)

test('a table is read as the library reads all of it, wherever its parts are cut', async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.array(fc.nat(40), { maxLength: 4 }), async (text, cuts) => {
      const bytes = Buffer.from(text)
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((one, other) => one - other), bytes.length]
      const parts = places.slice(1).map((place, index) => bytes.subarray(places[index], place))
      const pieces = (those: readonly Buffer[]) => Readable.from(those.filter(({ length }) => length > 0))
      const whole = await rowsOf(readByLibrary(pieces([bytes]), checkHead, 0, maxRowBytes))
      const read = await rowsOf(readTable(pieces(parts), checkHead, maxRowBytes))
      // Of the rows before a fault, the library gives those that it has given by the time it finds the fault.
      const isFaulty = typeof whole.at(-1) === 'string' || (whole.at(-1) as object | undefined)?.hasOwnProperty('code') === true
      if (isFaulty) expect(read.at(-1)).toEqual(whole.at(-1))
      else expect(read).toEqual(whole)
    }),
    { numRuns: 600 },
  )
})

test('the rows of a long table without quotes are numbered by their lines', async () => {
  const text = `a,b,c\n${Array.from({ length: 5000 }, (_, index) => `alias-${index},main,secret-${index}\n`).join('')}`
  const rows = (await rowsOf(readTable(Readable.from([Buffer.from(text)]), checkHead, maxRowBytes))) as readonly TableRow[]
  expect(rows).toHaveLength(5000)
  expect(rows[4999]).toEqual({ line: 5001, record: { a: 'alias-4999', b: 'main', c: 'secret-4999' } })
})
