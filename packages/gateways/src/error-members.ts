import type { Dialect } from './dialect.js'
import { isRecord } from './said.js'

/**
 * Compiles a reader of the members of an error that the client gets: all members of its `error` object except the
 * message, the ids for the gateway's support, and details of an exception. If the error's code stands under another
 * name, `code` holds it as well.
 *
 * The `code` that the reader takes is the value at `errors.code` of the dialect.
 */
export function createMembersOfError({ errors }: Dialect): (body: unknown, code: string | undefined) => Readonly<Record<string, unknown>> {
  const references = new Set((errors.reference ?? []).map((pointer) => pointer.slice(pointer.lastIndexOf('/') + 1)))
  const isTold = ([name, value]: Member): boolean => value !== undefined && !(name === 'code' && value === null && errors.nullCode !== true)
  const ofError = (member: Member): boolean => member[0] !== 'message' && !references.has(member[0]) && !isOfException(member)
  return (body, code) => {
    const members: readonly Member[] = [['code', code], ...membersIn(body)]
    return Object.fromEntries(members.filter(isTold))
  }

  function membersIn(body: unknown): readonly Member[] {
    if (!isRecord(body)) return []
    const { error, code, type, param } = body
    return isRecord(error)
      ? Object.entries(error).filter(ofError)
      : Object.entries({ code, param, type: type === 'error' ? undefined : type })
  }
}

type Member = readonly [name: string, value: unknown]

/** Some servers send details of an exception: its class, and where in the program it was thrown. */
function isOfException([name, value]: Member): boolean {
  return name === 'name'
    ? typeof value === 'string' && /(?:Error|Exception)$/.test(value)
    : /^(?:stack|stack_?trace|traceback)$/i.test(name)
}
