import { type Document, isMap, isPair, isScalar, isSeq, type LineCounter } from 'yaml'
import type { YamlFault } from './describe-yaml-error.js'

/** The errors of a document, with those for keys that stand twice in one group, in the order of the text. */
export function withRepeatedKeys({ errors, contents }: Document, lines: LineCounter): readonly YamlFault[] {
  const places: number[] = []
  findRepeatedKeys(contents, places)
  if (places.length === 0) return errors
  const repeated = places.map((at): YamlFault => {
    const place = lines.linePos(at)
    return { code: 'DUPLICATE_KEY', message: 'Map keys must be unique', pos: [at, at + 1], linePos: [place, place] }
  })
  return [...errors, ...repeated].toSorted((one, other) => one.pos[0] - other.pos[0])
}

/** @param places Gets where each repetition begins. */
function findRepeatedKeys(node: unknown, places: number[]): void {
  if (!isMap(node) && !isSeq(node)) return
  const names = new Set<unknown>()
  for (const item of node.items) {
    if (!isPair(item)) {
      findRepeatedKeys(item, places)
      continue
    }
    const { key, value } = item
    if (isScalar(key) && isMap(node)) {
      if (names.has(key.value)) places.push(key.range?.[0] ?? 0)
      names.add(key.value)
    }
    findRepeatedKeys(key, places)
    findRepeatedKeys(value, places)
  }
}
