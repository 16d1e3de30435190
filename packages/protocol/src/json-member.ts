/** A member that is a string; nothing where it is not known. */
export function textMember(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${quote(value)}`
}

/** A member that is a number or a truth value. */
export function bareMember(name: string, value: number | boolean | undefined): string {
  return value === undefined ? '' : `,"${name}":${value}`
}

/** A JSON string in ASCII. */
export function quote(value: string): string {
  return needsNoEscape.test(value) ? `"${value}"` : asciiJson(JSON.stringify(value))
}

/** JSON whose every character but a line's end is printable ASCII: beyond it JSON has strings only, which can be escaped. */
export function asciiJson(json: string): string {
  return json.replace(beyondAscii, escapeCharacter)
}

/** Printable ASCII but for the quotation mark and the backslash. */
const needsNoEscape = /^[ !#-[\]-~]*$/
const beyondAscii = /[^\n\x20-\x7e]/g

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
