import type { Dialect } from './dialect.js'
import { isRecord } from './said.js'

/**
 * Compiles what is told of an error's own object beside its words: all of its members but its message, and but for what
 * only the gateway's support asks for. A code that has another name there is told by its usual one as well.
 *
 * The code given with an error is what stands where the gateway's record says that codes are.
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

/** Some servers send what their language says of an exception: which class it has, and where in the program it was thrown. */
function isOfException([name, value]: Member): boolean {
  return name === 'name'
    ? typeof value === 'string' && /(?:Error|Exception)$/.test(value)
    : /^(?:stack|stack_?trace|traceback)$/i.test(name)
}
