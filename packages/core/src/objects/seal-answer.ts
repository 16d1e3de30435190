import type { CallerObject } from '@postern/gateways'
import { replaceMember } from '../lib/json-members.js'
import type { ObjectHandle } from './object-handle.js'

/** An id of the gateway in an answer, and the outermost member that holds it. */
export interface IdInAnswer {
  readonly member: string
  readonly id: string
}

/** Finds every id of a caller's object in a parsed answer. */
export function findIds(document: unknown, { ids }: CallerObject): readonly IdInAnswer[] {
  return ids.flatMap((pointer) => {
    const member = pointer.slice(1)
    const id = readId((document as Record<string, unknown> | null)?.[member])
    return id === undefined ? [] : [{ member, id }]
  })
}

function readId(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Replaces the gateway's ids in an answer with sealed ids, and changes no other character. Of a member
 * that is repeated, the last one is replaced, which is what JSON.parse takes; what is not sealed is of no use at Postern. Returns `undefined`
 * if the answer, once it is parsed, would still show an id of the gateway.
 *
 * @param text The answer as JSON text, without a byte order mark.
 */
export function sealAnswer(text: string, found: readonly IdInAnswer[], handle: ObjectHandle): string | undefined {
  const sealed = found.map(({ member, id }) => ({ member, id: handle.seal(id) }))
  const edited = sealed.reduce((before, { member, id }) => replaceMember(before, member, JSON.stringify(id)), text)
  const document = JSON.parse(edited) as Record<string, unknown>
  return sealed.every(({ member, id }) => document[member] === id) ? edited : undefined
}
