/** Whether a `Content-Type` is JSON: `application/json`, or a type that ends in `+json` (RFC 6839, 3.1). */
export function isJsonType(contentType: string | undefined): boolean {
  if (contentType === undefined) return false
  if (contentType === 'application/json') return true
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === 'application/json' || type.endsWith('+json')
}

/**
 * Whether every server reads a request's `Content-Type` as JSON. The ending `+json` alone is not enough: a server that reads
 * only the beginning takes `multipart/form-data+json` for a form.
 */
export function isJsonRequestType(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true
  return isJsonType(contentType) && applicationJson.test(contentType as string) && !otherReading.test(contentType as string)
}

const applicationJson = /^\s*application\/[\w.!#$&^+-]*json\s*(?:;|$)/i
const otherReading = /^[^;]*[^a-z;](?:form|multipart|urlencoded|octet|text|xml|yaml|csv|zip|pdf|audio|image|video)(?![a-z])/i
