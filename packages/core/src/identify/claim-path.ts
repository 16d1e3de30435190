import { nameFault } from '@postern/protocol'
import { Refusal } from '../refusal.js'

/** The way to a claim: names, and positions in lists. */
export type ClaimPath = readonly string[]

/**
 * Reads the name that a claim holds; `undefined` where there is none.
 *
 * A list with one entry is that entry. One with several is refused: which of them it is must be said in the
 * path, by position. A whole number is the name that its digits are: to an issuer that says 7 and "7", they are one.
 *
 * @throws {Refusal} `caller_invalid` where something other than a name stands there.
 */
export function readClaim(claims: object, path: ClaimPath): string | undefined {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  if (Array.isArray(value) && value.length <= 1) [value] = value as unknown[]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  const fault = typeof value === 'string' ? nameFault(value) : 'is not a text'
  if (fault === undefined) return value as string
  throw new Refusal('caller_invalid', { message: `The claim "${path.join('.')}" is not a name: it ${fault}.` })
}
