import type { Dialect } from './dialect.js'
import { isRecord } from './said.js'

/**
 * Compiles what is told of an error's own object beside its words: all of its members but its message, and but for what
 * only the gateway's support asks for.
 */
export function createMembersOfError({ errors }: Dialect): (body: unknown) => Readonly<Record<string, unknown>> {
  const references = new Set((errors.reference ?? []).map((pointer) => pointer.slice(pointer.lastIndexOf('/') + 1)))
  const isTold = ([name, value]: Member): boolean => value !== undefined && !(name === 'code' && value === null && errors.nullCode !== true)
  const ofError = (member: Member): boolean => member[0] !== 'message' && !references.has(member[0]) && !isOfException(member)
  return (body) => {
    if (!isRecord(body)) return {}
    const { error, code, type, param } = body
    const members = isRecord(error)
      ? Object.entries(error).filter(ofError)
      : Object.entries({ code, param, type: type === 'error' ? undefined : type })
    return Object.fromEntries(members.filter(isTold))
  }
}

type Member = readonly [name: string, value: unknown]

/** Some servers send what their language says of an exception: which class it has, and where in the program it was thrown. */
function isOfException([name, value]: Member): boolean {
  return name === 'name'
    ? typeof value === 'string' && /(?:Error|Exception)$/.test(value)
    : /^(?:stack|stack_?trace|traceback)$/i.test(name)
}
