/** Longest name, in code points. */
const maxNameChars = 256

const fewEnough = /* @__PURE__ */ new RegExp(`^.{1,${maxNameChars}}$`, 'su')

/** Most names: printable ASCII, with single spaces between. */
const plainAscii = /^[!-~]+(?: [!-~]+)*$/

/**
 * Characters that no name may have: those that are invisible or have no agreed meaning.
 *
 * `\p{C}` is control, format, surrogate, private use and unassigned; `\p{Z}` is every kind of space, of which only
 * U+0020 is allowed, see {@link oddSpace}; `\p{Default_Ignorable_Code_Point}` adds variation selectors, fillers and
 * joiners that Unicode counts as letters or marks. By number: blank patterns of Braille and of music, the Khitan
 * filler, and U+FFFC and U+FFFD, which replace what could not be written.
 */
const strange = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800\ufffc\ufffd]|\u{16fe4}|\u{1d159}|(?! )\p{Z}/u

/** Two names that differ only in such spaces look the same. */
const oddSpace = /^ | $| {2}/

/** A combining mark belongs to the character before it, which is not part of the name. */
const beginsWithMark = /^\p{M}/u

/**
 * Returns why a text is not a name of a user, a team, a project, a caller or a session, as the end of a sentence
 * ("holds U+200B, which cannot be seen"); `undefined` if it is a name.
 *
 * A name is 1 to 256 visible characters, with at most single spaces between them, in Unicode's composed form (NFC).
 * Nothing trims, folds or normalizes names anywhere: two names are equal only if their characters are.
 */
export function nameFault(text: string): string | undefined {
  if (plainAscii.test(text)) return text.length > maxNameChars ? tooLong : undefined
  if (text === '') return 'is empty'
  if (!fewEnough.test(text)) return tooLong
  const [found] = strange.exec(text) ?? []
  if (found !== undefined) return describe(found)
  if (oddSpace.test(text)) return 'begins or ends with a space, or has two in a row'
  if (beginsWithMark.test(text)) return 'begins with a mark that belongs to a character before it'
  return text.normalize('NFC') === text ? undefined : 'is not written in its composed form (Unicode NFC)'
}

/** Whether a value is a name, see {@link nameFault}. */
export function isPlainName(value: unknown): value is string {
  return typeof value === 'string' && nameFault(value) === undefined
}

const tooLong = `is longer than ${maxNameChars} characters`

/** Names the character by its number: it may be invisible, or move the text around it. */
function describe(character: string): string {
  const number = `U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`
  if (character === '\ufffd') return `holds ${number}, which stands for bytes that are no UTF-8`
  return `holds ${number}, which cannot be seen or has no meaning of its own`
}
