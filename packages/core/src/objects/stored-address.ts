/** How much of an address is looked at for its scheme, in characters: schemes are short. */
const maxSchemeChars = 64
/** What servers leave out where they read an address. */
const unseen = /[\p{C}\p{Z}]+/gu

/** The scheme of an address: what stands before a colon. In `localhost:8080` a port follows the colon. */
const schemeOf = /^([a-z][a-z\d+.-]*):(?!\d+(?:\/|$))/i
/** The same where a text could also be words, such as `note: mind the gap`. */
const plainSchemeOf = /^(?:([a-z][a-z\d+.-]*):\/\/|(gs|arn):)/i
/** Schemes of what is public, of what the caller has, and of the bytes themselves. Any other belongs to somebody's storage. */
const ofCallers = /^(?:https?|data)$/i

/** Files of Google, by their name or on their host. */
const ofGoogle = /^files\/|\bgenerativelanguage\.googleapis\.com\b/i
const inlineData = /^data:/i

/**
 * Whether an address leads to what is stored at the provider, or in storage that the provider reads with the account's rights:
 * `gs://`, `s3://`, `oss://`, `ms://`, `arn:`, and whatever else is neither `http`, `https` nor `data`. A `data:` URL holds the
 * file itself.
 *
 * @param mayBeWords Whether the text may also be none: then only what is written like an address counts.
 */
export function isStoredAddress(text: string, mayBeWords: boolean): boolean {
  const begun = text.slice(0, maxSchemeChars).replaceAll(unseen, '')
  if (inlineData.test(begun)) return false
  const [, scheme, other] = (mayBeWords ? plainSchemeOf : schemeOf).exec(begun) ?? []
  return other !== undefined || (scheme !== undefined && !ofCallers.test(scheme)) || ofGoogle.test(text)
}

/** As some providers read it in a message: `fileid://…`, also behind others. */
const storedFileInText = 'fileid://'
const isAddressAlone = /^[a-z][a-z\d+.-]*:\/\/\S+$/i
const maxAddressChars = 2048

/** Whether a text that a model reads names a stored file: by {@link storedFileInText} in it, or by being such an address and no more. */
export function namesStoredFile(text: string): boolean {
  if (text.includes(storedFileInText)) return true
  return text.length <= maxAddressChars && isAddressAlone.test(text.trim()) && isStoredAddress(text.trim(), true)
}
