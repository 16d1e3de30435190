import { normalizeWide } from '@postern/gateways'
import { firstSeen, lastSeen, trimUnseen } from '../lib/unseen.js'

/** How much of an address is looked at for its scheme, in characters that are seen: schemes are short. */
const maxSchemeChars = 64

/** The scheme of an address: what stands before a colon. In `localhost:8080` a port follows the colon. */
const schemeOf = /^([a-z][a-z\d+.-]*):(?!\d+(?:\/|$))/i
/** The same where a text could also be words, such as `note: mind the gap`. */
const plainSchemeOf = /^(?:([a-z][a-z\d+.-]*):\/\/|(gs|arn):)/i
/** Schemes of what is public, of what the caller has, and of the bytes themselves. Any other belongs to somebody's storage. */
const ofCallers = /^(?:https?|data)$/i

/** Files of Google, by their name or on their host. */
const ofGoogle = /^files\/|\bgenerativelanguage\.googleapis\.com\b/i
const inlineData = /^data:/i
const ofWeb = /^https?:/i
/** Where the authority of an address begins, behind its scheme, and where it ends. */
const firstOfAuthority = /[^/\\\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu
const behindAuthority = /[/\\?#]/g
/** So many characters at the end of an authority hold its host: 253 at most (RFC 1035, 2.3.4), each written as an escape of up to 12. */
const maxHostChars = 4096

/**
 * Whether an address leads to what is stored at the provider, or in storage that the provider reads with the account's rights:
 * `gs://`, `s3://`, `oss://`, `ms://`, `arn:`, and whatever else is neither `http`, `https` nor `data`. A `data:` URL holds the
 * file itself.
 *
 * @param mayBeWords Whether the text may also be none: then only what is written like an address counts.
 */
export function isStoredAddress(text: string, mayBeWords: boolean): boolean {
  const begun = firstSeen(text, maxSchemeChars)
  if (inlineData.test(begun)) return false
  const [, scheme, other] = (mayBeWords ? plainSchemeOf : schemeOf).exec(begun) ?? []
  if (other !== undefined || (scheme !== undefined && !ofCallers.test(scheme))) return true
  return ofGoogle.test(text) || ofGoogle.test(asRead(ofWeb.test(begun) ? hostIn(text) : begun))
}

/** A host with a port, as it stands in an address without a scheme: `localhost:8080/a.png`. */
const hostWithPort = /^[a-z\d.-]+:\d+(?:[/?#]|$)/i
/** No id and no relative address has as many letters, in characters; nothing more is looked at of what could be bytes. */
const longestId = 256
/** Base64 as it is written for bytes. Ids have `-` or `_`, or are of another length. */
const base64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/
const ofBase64 = /^[A-Za-z\d+/=\s]+$/
/** A path to a file that is stored, in any version of an API. */
const toFiles = /(?:^|\/)files\//i

/**
 * Whether a text in a member for an address is neither one of the web, nor the bytes themselves: the id of a stored file, its name, or an
 * address that the provider completes with its own. What belongs to somebody's storage by its scheme {@link isStoredAddress} knows.
 *
 * @param mayBeBytes Whether the format also takes bytes in base64 here, without `data:`.
 */
export function isIdOrRelative(text: string, mayBeBytes: boolean): boolean {
  const begun = firstSeen(text, longestId)
  if (begun === '' || ofWeb.test(begun) || inlineData.test(begun) || hostWithPort.test(begun)) return false
  if (begun.length === longestId) return !ofBase64.test(begun)
  return !mayBeBytes || toFiles.test(begun) || !base64.test(begun)
}

/** The host of an address of the web, without what is not seen: the end of its authority, however long that is. */
function hostIn(text: string): string {
  firstOfAuthority.lastIndex = text.indexOf(':') + 1
  const start = firstOfAuthority.exec(text)?.index ?? text.length
  behindAuthority.lastIndex = start
  const end = behindAuthority.exec(text)?.index ?? text.length
  return lastSeen(text.slice(start, end), maxHostChars)
}

/** The beginning of an address as `URL` and servers read it: without escapes, and in its plain letters and dots (UTS 46). */
function asRead(begun: string): string {
  const unescaped = begun.replace(/%([2-7][\da-f])/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return normalizeWide(unescaped).replaceAll(/[\u3002\uff61]/g, '.')
}

/** As some providers read it in a message: `fileid://…`, also behind others. */
const storedFileInText = 'fileid://'
const isAddressAlone = /^[a-z][a-z\d+.-]*:\/\/\S+$/i
const maxAddressChars = 2048

/** Whether a text that a model reads names a stored file: by {@link storedFileInText} in it, or by being such an address and no more. */
export function namesStoredFile(text: string): boolean {
  if (text.includes(storedFileInText)) return true
  const bare = trimUnseen(text)
  return bare.length <= maxAddressChars && isAddressAlone.test(bare) && isStoredAddress(bare, true)
}
