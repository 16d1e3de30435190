import { type PrincipalFields, principalFields } from '@postern/ports'
import type { PlacedRule } from './lenient-sections.js'

/** Rules, found by whom they hold for without a look at all of them. */
export interface RuleLookup {
  add(rule: PlacedRule): void
  /**
   * The first rule that was added, fits, and has every caller in common with these fields: each caller of one of the two is one of
   * the other.
   */
  first(fields: PrincipalFields, fits: (rule: PlacedRule) => boolean): PlacedRule | undefined
}

interface Numbered {
  readonly number: number
  readonly rule: PlacedRule
}

export function createRuleLookup(): RuleLookup {
  /** Rules that name exactly these fields and values. */
  const exact = new Map<string, Numbered[]>()
  /** Rules that name at least these fields and values. */
  const narrower = new Map<string, Numbered[]>()
  let count = 0

  function put(map: Map<string, Numbered[]>, key: string, entry: Numbered): void {
    const known = map.get(key)
    if (known === undefined) map.set(key, [entry])
    else known.push(entry)
  }

  return {
    add(rule) {
      const entry = { number: count, rule }
      count += 1
      put(exact, keyOf(rule.part, everyField), entry)
      for (const shape of shapesOf(rule.part)) put(narrower, keyOf(rule.part, shape), entry)
    },
    first(fields, fits) {
      const wider = shapesOf(fields).map((shape) => exact.get(keyOf(fields, shape)))
      let first: Numbered | undefined
      for (const entries of [...wider, narrower.get(keyOf(fields, everyField))]) {
        const found = entries?.find(({ number, rule }) => number < (first?.number ?? count) && fits(rule))
        first = found ?? first
      }
      return first?.rule
    },
  }
}

/** A choice among the three fields, as bits. */
const everyField = 7

/** Every choice among the fields that are named. */
function shapesOf(fields: PrincipalFields): readonly number[] {
  const named = principalFields.reduce((bits, field, place) => (fields[field] === undefined ? bits : bits | (1 << place)), 0)
  return shapes.filter((shape) => (shape & named) === shape)
}

const shapes = Array.from({ length: everyField + 1 }, (_, shape) => shape)

/** The chosen fields and their values as text; a field that is not named is as one that is not chosen. */
function keyOf(fields: PrincipalFields, shape: number): string {
  let key = ''
  for (const [place, field] of principalFields.entries()) {
    const value = (shape & (1 << place)) === 0 ? undefined : fields[field]
    // With its length in front, no value can look like two.
    key += value === undefined ? '-' : `${value.length}:${value}`
  }
  return key
}
