import type { Dialect } from './dialect.js'
import { isRecord } from './said.js'

/**
 * Compiles what is told of an error's own object beside its words: all of its members but its message, and but for what
 * only the gateway's support asks for.
 */
export function createMembersOfError({ errors }: Dialect): (body: unknown) => Readonly<Record<string, unknown>> {
  const references = new Set((errors.reference ?? []).map((pointer) => pointer.slice(pointer.lastIndexOf('/') + 1)))
  return (body) => {
    if (!isRecord(body)) return {}
    const { error } = body
    if (isRecord(error))
      return Object.fromEntries(
        Object.entries(error).filter((member) => member[0] !== 'message' && !references.has(member[0]) && !isOfException(member)),
      )
    const { code, type, param } = body
    return Object.fromEntries(
      Object.entries({ code, param, type: type === 'error' ? undefined : type }).filter(([, value]) => value !== undefined),
    )
  }
}

/** Some servers send what their language says of an exception: which class it has, and where in the program it was thrown. */
function isOfException([name, value]: readonly [string, unknown]): boolean {
  return name === 'name'
    ? typeof value === 'string' && /(?:Error|Exception)$/.test(value)
    : /^(?:stack|stack_?trace|traceback)$/i.test(name)
}
