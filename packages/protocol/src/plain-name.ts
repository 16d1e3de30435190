/** The most characters of a name, counted in code points. */
const longestName = 256

const fewEnough = /* @__PURE__ */ new RegExp(`^.{1,${longestName}}$`, 'su')

/** What most names are: printable ASCII, with single spaces between. */
const plainAscii = /^[!-~]+(?: [!-~]+)*$/

/**
 * Characters that no name has: those that cannot be seen or have no meaning that everybody shares.
 *
 * `\p{C}` is control, format, surrogate, private use and unassigned; `\p{Z}` is every kind of blank, of which only
 * the space is taken, see {@link oddSpace}; `\p{Default_Ignorable_Code_Point}` adds variation selectors, fillers and
 * joiners that Unicode counts as letters or marks. By name: blank patterns of Braille and of music, the Khitan
 * filler, and U+FFFC and U+FFFD, which stand for what could not be written.
 */
const strange = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800\ufffc\ufffd]|\u{16fe4}|\u{1d159}|(?! )\p{Z}/u

/** A name that differs from another only by such spaces looks like it. */
const oddSpace = /^ | $| {2}/

/** Belongs to the character before it, which is not the name's. */
const beginsWithMark = /^\p{M}/u

/**
 * What keeps a text from being a name of a user, a team, a project, a caller or a session, as a phrase that
 * goes on behind its subject ("holds U+200B, which cannot be seen"); `undefined` where it is a name.
 *
 * A name is 1 to 256 characters that can be seen, with single spaces between them at most, in Unicode's composed form
 * (NFC). A name that is one is that name alone: nothing is trimmed, folded or normalised anywhere, so two names are
 * one exactly where their characters are.
 */
export function nameFault(text: string): string | undefined {
  if (plainAscii.test(text)) return text.length > longestName ? tooLong : undefined
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

const tooLong = `is longer than ${longestName} characters`

/** The character by its number: it could not be seen, or would shift what stands around it. */
function describe(character: string): string {
  const number = `U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`
  if (character === '\ufffd') return `holds ${number}, which stands for bytes that are no UTF-8`
  return `holds ${number}, which cannot be seen or has no meaning of its own`
}
