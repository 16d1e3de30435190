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
    if (isRecord(error)) return Object.fromEntries(Object.entries(error).filter(([name]) => name !== 'message' && !references.has(name)))
    const { code, type, param } = body
    return Object.fromEntries(
      Object.entries({ code, param, type: type === 'error' ? undefined : type }).filter(([, value]) => value !== undefined),
    )
  }
}
