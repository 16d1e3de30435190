/** Whether a `Content-Type` says JSON: `application/json`, or a type that is built on it (RFC 6839, 3.1). */
export function isJsonType(contentType: string | undefined): boolean {
  if (contentType === undefined) return false
  if (contentType === 'application/json') return true
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return type === 'application/json' || type.endsWith('+json')
}

/**
 * Whether a request's `Content-Type` says JSON to every server. One that is built on JSON by its ending alone is none:
 * `multipart/form-data+json` is a form to whoever reads its beginning.
 */
export function isJsonRequestType(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true
  return isJsonType(contentType) && applicationJson.test(contentType as string) && !otherReading.test(contentType as string)
}

const applicationJson = /^\s*application\/[\w.!#$&^+-]*json\s*(?:;|$)/i
const otherReading = /^[^;]*[^a-z;](?:form|multipart|urlencoded|octet|text|xml|yaml|csv|zip|pdf|audio|image|video)(?![a-z])/i
