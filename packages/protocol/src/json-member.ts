/** A JSON member with a string, after a comma; empty if the value is `undefined`. */
export function textMember(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${quote(value)}`
}

/** A JSON member with a number or a boolean, after a comma; empty if the value is `undefined`. */
export function bareMember(name: string, value: number | boolean | undefined): string {
  return value === undefined ? '' : `,"${name}":${value}`
}

/** A JSON string in ASCII. */
export function quote(value: string): string {
  return needsNoEscape.test(value) ? `"${value}"` : asciiJson(JSON.stringify(value))
}

/**
 * Escapes every character of a JSON text that is not printable ASCII, except line feeds. Beyond ASCII, JSON has only
 * strings, and they can be escaped.
 */
export function asciiJson(json: string): string {
  return json.replace(beyondAscii, escapeCharacter)
}

/** Printable ASCII except the quotation mark and the backslash. */
const needsNoEscape = /^[ !#-[\]-~]*$/
const beyondAscii = /[^\n\x20-\x7e]/g

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
