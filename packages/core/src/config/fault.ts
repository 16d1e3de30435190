/** What a schema says of a value: what is wrong, and what to write instead. {@link describeIssue} takes the two apart. */
export function fault(reason: string, fix: string): string {
  return `${reason}\n${fix}`
}

/** The two halves of a message that {@link fault} made; the second is missing where it is not one of ours. */
export function readFault(message: string): { readonly reason: string; readonly fix: string | undefined } {
  const [reason = '', fix] = message.split('\n', 2)
  return { reason: reason.replace(/\.?$/, '.'), fix }
}
