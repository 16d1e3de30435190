/** How much of an address is looked at for its scheme, in characters: schemes are short. */
const maxSchemeChars = 64
/** What servers leave out where they read an address. */
const unseen = /[\p{C}\p{Z}]+/gu

/**
 * The scheme of an address: what stands before a colon, which a port could follow in `localhost:8080`. A word without letters
 * behind its colon is none.
 */
const schemeOf = /^([a-z][a-z\d+.-]*):(?!\d+(?:\/|$))/i
/** Schemes of what is public, of what the caller has, and of the bytes themselves. Any other belongs to somebody's storage. */
const ofCallers = /^(?:https?|data)$/i

/** Files of Google, by their name or on their host. */
const ofGoogle = /^files\/|\bgenerativelanguage\.googleapis\.com\b/i
const inlineData = /^data:/i

/**
 * Whether an address leads to what is stored at the provider, or in storage that the provider reads with the account's rights:
 * `gs://`, `s3://`, `oss://`, `ms://`, `arn:`, and whatever else is neither `http`, `https` nor `data`. A `data:` URL holds the
 * file itself.
 */
export function isStoredAddress(text: string): boolean {
  const begun = text.slice(0, maxSchemeChars).replaceAll(unseen, '')
  if (inlineData.test(begun)) return false
  const [, scheme] = schemeOf.exec(begun) ?? []
  return (scheme !== undefined && !ofCallers.test(scheme)) || ofGoogle.test(text)
}

/** As some providers read it in a message: `fileid://…`, also behind others. */
const storedFileInText = 'fileid://'
const isAddressAlone = /^[a-z][a-z\d+.-]*:\/\/\S+$/i
const maxAddressChars = 2048

/** Whether a text that a model reads names a stored file: by {@link storedFileInText} in it, or by being such an address and no more. */
export function namesStoredFile(text: string): boolean {
  if (text.includes(storedFileInText)) return true
  return text.length <= maxAddressChars && isAddressAlone.test(text.trim()) && isStoredAddress(text.trim())
}
