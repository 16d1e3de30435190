/** JSON may write any character as an escape, and a reader takes it back. */
const escapedAscii = /\\u00([2-7][0-9a-fA-F])/g

/** Whether a text holds one of the secrets, also where JSON escapes hide it. */
export function repeatsSecret(text: string, secrets: readonly string[]): boolean {
  if (holdsSecret(text, secrets)) return true
  if (!text.includes('\\u00') && !text.includes('\\/')) return false
  const read = text.replace(escapedAscii, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))).replaceAll('\\/', '/')
  return holdsSecret(read, secrets)
}

/** Whether a text that is no JSON holds one of the secrets. */
export function holdsSecret(text: string, secrets: readonly string[]): boolean {
  for (const secret of secrets) if (text.includes(secret)) return true
  return false
}
