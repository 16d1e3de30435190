import { Refusal } from '@postern/ports'
import { nameFault } from '@postern/protocol'

/** The path to a claim: names of members, and positions in lists, counted from 0. */
export type ClaimPath = readonly string[]

/**
 * Reads the name that a claim holds; `undefined` if the claim is missing, `null` or an empty list.
 *
 * A list with one entry counts as that entry. A list with several is refused: then the path must end in a position. An
 * integer counts as the text of its digits, so that 7 and "7" are the same user.
 *
 * @throws {Refusal} 401 `caller_invalid` if the value is not a name.
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
