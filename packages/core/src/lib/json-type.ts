/** Whether a `Content-Type` says JSON: `application/json`, or a type that is built on it (RFC 6839, 3.1). */
export function isJsonType(contentType: string | undefined): boolean {
  if (contentType === undefined) return false
  if (contentType === 'application/json') return true
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === 'application/json' || type.endsWith('+json')
}
