import type { CallerObject } from '@postern/gateways'
import { replaceMember } from '../lib/json-members.js'
import type { ObjectHandle } from './object-handle.js'

/** An id of the gateway in an answer, and the outermost member that holds it. */
export interface IdInAnswer {
  readonly member: string
  readonly id: string
}

/** Finds the id of a caller's object in a parsed answer. */
export function findId(document: unknown, { ids }: CallerObject): IdInAnswer | undefined {
  for (const pointer of ids) {
    const member = pointer.slice(1)
    const id = readId((document as Record<string, unknown> | null)?.[member])
    if (id !== undefined) return { member, id }
  }
  return undefined
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Replaces the gateway's id in an answer with the sealed id, and changes no other character. Returns `undefined` if the answer would
 * still show the gateway's id: it repeats the member, and JSON.parse takes the last one.
 *
 * @param text The answer as JSON text, without a byte order mark.
 */
export function sealAnswer(text: string, { member, id }: IdInAnswer, handle: ObjectHandle): string | undefined {
  const sealed = handle.seal(id)
  const edited = replaceMember(text, member, JSON.stringify(sealed))
  return (JSON.parse(edited) as Record<string, unknown>)[member] === sealed ? edited : undefined
}
