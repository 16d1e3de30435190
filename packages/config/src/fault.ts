/** Joins a reason and a fix into one schema message. {@link describeIssue} splits it again. */
export function fault(reason: string, fix: string): string {
  return `${reason}\n${fix}`
}

/** Splits a message that {@link fault} made. `fix` is `undefined` for a message of zod's own. */
export function readFault(message: string): { readonly reason: string; readonly fix: string | undefined } {
  const [reason = '', fix] = message.split('\n', 2)
  return { reason: reason.replace(/\.?$/, '.'), fix }
}
