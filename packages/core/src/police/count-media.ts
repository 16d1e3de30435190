import { isBase64, isBase64Url, isMediaType, typeOfDataUrl } from './data-url.js'
import { kindOfAddress, kindOfName, kindOfType, type MediaKind } from './kinds-of-media.js'
import { hasNameOfText } from './name-of-text.js'
import type { MediaCounts } from './need.js'
import type { EachItem, VisitedMember } from './visit-members.js'

/** Items that a model wrote, or that say something of a text. */
const saysOfText = /_call(?:_output)?$|citation|_path$|search|format|_id$|name$|detail|type$|tokens/i

/** Members of a part that hold its bytes or say where they are. */
const holdsBytes = /^(?:data|file_?data|image_?data|ur[il]|image_url|file_url|document_url|video_url|audio_url|file_?uri|b64_json)$/i
/** Members of a part that name a file that is stored at the provider. */
const namesFile = /^file_?id$/i
/** Objects of a part whose `data` is base64 (OpenAI API, `input_audio`; Gemini API, `Part`). */
const ofBase64 = /^(?:input_?audio|inline_?data|source)$/i
/** Parts of Google's API, which say their kind by their type alone. */
const ofGoogle = /^(?:inline_?data|file_?data)$/i
/** How a part says the type of its bytes. */
const saysType = /^(?:mime_?type|media_?type|content_?type)$/i

/** The kinds as which a part was counted. */
type CountedKinds = Set<MediaKind>

/** A member of a part. */
type MemberOfPart = Pick<VisitedMember, 'name' | 'value' | 'owner' | 'within'>

/**
 * Counts the pictures, sounds and files that a request brings, and the bytes in which they stand in its body.
 *
 * The author of a request says what a part is in several places: by the name of a member, its `type`, the type of its bytes, the beginning
 * of a `data:` URL, the end of an address. Providers believe one of them or another, so a part counts once as each kind that any of them names.
 */
export class MediaCounter {
  readonly #counts = { image: 0, audio: 0, file: 0 }
  /** How many bytes of the body hold media and no text. */
  bytes = 0
  /** The objects that are such parts, and those within them that hold the bytes. */
  readonly #parts = new WeakMap<object, CountedKinds>()
  /** The objects of which is known that they are none. */
  readonly #others = new WeakSet()
  /** What objects say of the type of their bytes. Read once for each: an object may have many members that hold bytes. */
  readonly #types = new WeakMap<object, readonly string[]>()

  /** The objects within a part that has the name of a text. */
  readonly #namedAsText = new WeakSet()

  counts(): MediaCounts {
    return { ...this.#counts }
  }

  /** Whether a member belongs to a part that was counted and says where its bytes are. */
  isCounted({ name, owner }: VisitedMember): boolean {
    return (holdsBytes.test(name) || namesFile.test(name)) && this.#parts.has(owner)
  }

  visit({ name, value, owner, within, inContent, isTop }: VisitedMember, eachItem: EachItem): void {
    if (value === null || value === undefined || (!inContent && !isTop)) return
    const part = inContent ? this.#partOf(owner, within) : undefined
    if (part !== undefined) {
      this.#visitPart(part, { name, value, owner, within }, eachItem)
      return
    }
    // A part without a type, or a picture beside the text. Objects of Google's API are looked at by themselves.
    const kind = saysOfText.test(name) || (ofGoogle.test(name) && typeof value === 'object') ? undefined : kindOfName(name)
    if (kind === undefined || (isTop && !isMany(name)) || (typeof value !== 'string' && typeof value !== 'object')) return
    if (Array.isArray(value)) eachItem((item) => this.#countItem(kind, item))
    else {
      const found: CountedKinds = new Set()
      this.#count(found, kind)
      if (typeof value === 'object') this.#parts.set(value, found)
      else {
        this.#count(found, kindOfAddress(value))
        if (isMediaUrl(value)) this.bytes += value.length
      }
    }
  }

  /** Looks at what a part says of itself, and where its bytes are. */
  #visitPart(part: CountedKinds, { name, value, owner, within }: MemberOfPart, eachItem: EachItem): void {
    const isObject = typeof value === 'object' && !Array.isArray(value)
    if ((holdsBytes.test(name) || isObject || isMany(name)) && !saysOfText.test(name) && !isOfGoogle(within))
      this.#count(part, kindOfName(name))
    // The bytes stand in an object of the part: `image_url`, `source`, `file`.
    if (isObject) {
      this.#parts.set(value as object, part)
      if (this.#isNamedAsText(owner)) this.#namedAsText.add(value as object)
    } else if (Array.isArray(value)) {
      if (!isMany(name)) return
      const kind = kindOfName(name) ?? 'image'
      let isFirst = true
      eachItem((item) => {
        // The first one is the part itself.
        if (!isFirst) this.#countItem(kind, item)
        else if (typeof item === 'string') this.#count(part, kindOfAddress(item))
        isFirst = false
      })
    } else if (typeof value !== 'string') return
    else if (saysType.test(name)) this.#count(part, kindOfType(value))
    else if (holdsBytes.test(name)) {
      this.#count(part, kindOfAddress(value))
      if (this.#isBytes(value, owner, within)) this.bytes += value.length
    }
  }

  /**
   * Whether the object that holds the bytes, or the part around that object, gives them the name of a text file, such as `notes.txt`.
   * Some providers go by that name and not by the media type, and read the bytes as text.
   */
  #isNamedAsText(owner: VisitedMember['owner']): boolean {
    return this.#namedAsText.has(owner) || hasNameOfText(owner)
  }

  /** Whether a text is base64 of a picture, a sound or a document: what is text in any way counts by its bytes. */
  #isBytes(text: string, owner: VisitedMember['owner'], within: string | undefined): boolean {
    const { type } = owner
    const isBare = type === 'base64' || (type === undefined && within !== undefined && ofBase64.test(within))
    if (
      type === 'text' ||
      this.#isNamedAsText(owner) ||
      !(isMediaUrl(text) || (isBare && typeOfDataUrl(text) === undefined && isBase64(text)))
    )
      return false
    return this.#typesOf(owner).every((said) => isMediaType(said))
  }

  #typesOf(owner: VisitedMember['owner']): readonly string[] {
    let types = this.#types.get(owner)
    if (types === undefined) {
      types = Object.entries(owner).flatMap(([name, value]) => (saysType.test(name) && typeof value === 'string' ? [value] : []))
      this.#types.set(owner, types)
    }
    return types
  }

  #partOf(owner: VisitedMember['owner'], within: string | undefined): CountedKinds | undefined {
    const known = this.#parts.get(owner)
    if (known !== undefined || this.#others.has(owner)) return known
    const kinds = this.#kindsOf(owner, within)
    if (kinds.length === 0) {
      this.#others.add(owner)
      return undefined
    }
    const part: CountedKinds = new Set()
    this.#parts.set(owner, part)
    for (const kind of kinds) this.#count(part, kind)
    return part
  }

  #kindsOf(owner: VisitedMember['owner'], within: string | undefined): readonly MediaKind[] {
    if (isOfGoogle(within)) {
      const types = this.#typesOf(owner)
      // Without a type it may be whatever the address leads to.
      return types.length === 0 ? ['file', 'audio'] : types.map((said) => kindOfType(said) ?? 'file')
    }
    const { type } = owner
    const kind = typeof type !== 'string' || saysOfText.test(type) ? undefined : kindOfName(type)
    return kind === undefined ? [] : [kind]
  }

  #count(part: CountedKinds, kind: MediaKind | undefined): void {
    if (kind === undefined || part.has(kind)) return
    part.add(kind)
    this.#counts[kind] += 1
  }

  /** One of several in a list: it is of this kind, and of the kind that its own address says. */
  #countItem(kind: MediaKind, item: unknown): void {
    const part: CountedKinds = new Set()
    this.#count(part, kind)
    if (typeof item === 'string') this.#count(part, kindOfAddress(item))
    else if (typeof item === 'object' && item !== null) this.#parts.set(item, part)
  }
}

/** Several in one member: `images`, `video`, which may be a list of pictures. */
function isMany(name: string): boolean {
  return /^(?:input_?)?(?:images?|videos?|audios?|files?|documents?|frames)(?:_?urls?|_?data)?$/i.test(name) && name !== 'documents'
}

function isOfGoogle(within: string | undefined): boolean {
  return within !== undefined && ofGoogle.test(within)
}

/** Whether a text is a `data:` URL that holds a picture, a sound or a document in base64. */
function isMediaUrl(text: string): boolean {
  const type = typeOfDataUrl(text)
  return type !== undefined && isMediaType(type) && isBase64Url(text)
}
