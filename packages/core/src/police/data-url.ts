/** The beginning of a `data:` URL in base64 (RFC 2397), with its type. */
const beginning = /^data:([^;,]{0,128})(?:;[^;,]{0,128}){0,8};base64,/i
const base64 = /^[A-Za-z0-9+/_=-]*$/

/**
 * The media type of a `data:` URL (RFC 2397), in lower case.
 *
 * @returns The empty text if the URL names no type; `undefined` if the text is no `data:` URL.
 */
export function typeOfDataUrl(text: string): string | undefined {
  return /^data:([^;,]{0,128})[;,]/i.exec(text)?.[1]?.trim().toLowerCase()
}

/** Whether a text is base64 and nothing else, in either alphabet. */
export function isBase64(text: string): boolean {
  return base64.test(text)
}

/** Whether a text is a `data:` URL that is base64 up to its end. */
export function isBase64Url(text: string): boolean {
  const begun = beginning.exec(text)?.[0]
  return begun !== undefined && isBase64(text.slice(begun.length))
}

/** Types of pictures, sounds and documents. What is not listed may be text, of which each byte may be a token. */
const ofMedia =
  /^(?:image\/(?!svg)|audio\/|video\/|application\/(?:pdf$|msword$|vnd\.(?:openxmlformats-officedocument|oasis\.opendocument|ms-)))/

/** Whether bytes of a type are bounded by what the price file says of such media, and not by their number. */
export function isMediaType(type: string): boolean {
  return ofMedia.test(type.trim().toLowerCase())
}
