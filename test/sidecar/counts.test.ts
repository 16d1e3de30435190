import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { countOf } from '../../sidecar/src/count-of.js'

const sources = join(import.meta.dirname, '../../sidecar/src')

/** A number in a sentence, and the plural of what it counts: `${keys} keys`. A line of help that says `<ALIAS> bindings` is none. */
const ownPlural =
  /\$\{[^{}]+\} (?:bindings|bytes|callers|calls|days|entries|files|keys|lines|models|problems|processes|rows|secrets|seconds|sockets|steps|streams|tokens|warnings)\b/

test('one thing is counted in the singular, and any other number in the plural', () => {
  expect([0, 1, 2].map((number) => countOf(number, 'service caller'))).toEqual([
    '0 service callers',
    '1 service caller',
    '2 service callers',
  ])
})

test('no sentence of the sidecar writes a plural behind a number by itself, which would say "1 keys"', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(100)
  const found = files.flatMap((name) =>
    readFileSync(join(sources, name), 'utf8')
      .split('\n')
      .flatMap((line) => (ownPlural.test(line) ? [`${name}: ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
})
