import { isBase64, isBase64Url, isMediaType, typeOfDataUrl } from './data-url.js'
import { kindOfAddress, kindOfName, kindOfType, type MediaKind } from './kinds-of-media.js'
import type { MediaCounts } from './need.js'
import type { VisitedMember } from './visit-members.js'

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
type Part = Set<MediaKind>

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
  readonly #parts = new WeakMap<object, Part>()
  /** The objects of which is known that they are none. */
  readonly #others = new WeakSet()

  counts(): MediaCounts {
    return { ...this.#counts }
  }

  /** Whether a member belongs to a part that was counted and says where its bytes are. */
  isCounted({ name, owner }: VisitedMember): boolean {
    return (holdsBytes.test(name) || namesFile.test(name)) && this.#parts.has(owner)
  }

  visit({ name, value, owner, within, inContent, isTop }: VisitedMember): void {
    if (value === null || value === undefined || (!inContent && !isTop)) return
    const part = inContent ? this.#partOf(owner, within) : undefined
    if (part !== undefined) {
      // The bytes stand in an object of the part: `image_url`, `source`, `file`.
      if (typeof value === 'object' && !Array.isArray(value)) this.#parts.set(value, part)
      else if (Array.isArray(value) && isMany(name)) this.#addMany(kindOfName(name) ?? 'image', value.slice(1))
      else if (typeof value === 'string') this.#lookAt(part, name, value, owner, within)
      return
    }
    // A part without a type, or a picture beside the text. Objects of Google's API are looked at by themselves.
    const kind = saysOfText.test(name) || (ofGoogle.test(name) && typeof value === 'object') ? undefined : kindOfName(name)
    if (kind === undefined || (isTop && !isMany(name)) || (typeof value !== 'string' && typeof value !== 'object')) return
    if (Array.isArray(value)) this.#addMany(kind, value)
    else {
      const found: Part = new Set()
      this.#add(found, kind)
      if (typeof value === 'object') this.#parts.set(value, found)
      else {
        this.#add(found, kindOfAddress(value))
        if (isBytes(value, {}, undefined)) this.bytes += value.length
      }
    }
  }

  /** Looks at what a part says of itself, and where its bytes are. */
  #lookAt(part: Part, name: string, value: string, owner: VisitedMember['owner'], within: string | undefined): void {
    if (saysType.test(name)) this.#add(part, kindOfType(value))
    else if (holdsBytes.test(name)) {
      this.#add(part, kindOfAddress(value))
      if (isBytes(value, owner, within)) this.bytes += value.length
    }
  }

  #partOf(owner: VisitedMember['owner'], within: string | undefined): Part | undefined {
    const known = this.#parts.get(owner)
    if (known !== undefined || this.#others.has(owner)) return known
    const kinds = kindsOfPart(owner, within)
    if (kinds.length === 0) {
      this.#others.add(owner)
      return undefined
    }
    const part: Part = new Set()
    this.#parts.set(owner, part)
    for (const kind of kinds) this.#add(part, kind)
    return part
  }

  #add(part: Part, kind: MediaKind | undefined): void {
    if (kind === undefined || part.has(kind)) return
    part.add(kind)
    this.#counts[kind] += 1
  }

  /** Several in one list: each is one of this kind, and of the kind that its own address says. */
  #addMany(kind: MediaKind, values: readonly unknown[]): void {
    for (const value of values) {
      const part: Part = new Set()
      this.#add(part, kind)
      if (typeof value === 'string') this.#add(part, kindOfAddress(value))
      else if (typeof value === 'object' && value !== null) this.#parts.set(value, part)
    }
  }
}

/** Several in one member: `images`, `video`, which may be a list of pictures. */
function isMany(name: string): boolean {
  return /^(?:input_?)?(?:images?|videos?|audios?|files?|documents?|frames)(?:_?urls?|_?data)?$/i.test(name) && name !== 'documents'
}

/** Whether a text is base64 of a picture, a sound or a document: what is text in any way counts by its bytes. */
function isBytes(text: string, owner: VisitedMember['owner'], within: string | undefined): boolean {
  const { type } = owner
  const said = typeOfOwner(owner)
  if (type === 'text' || (said !== undefined && !isMediaType(said))) return false
  const ofUrl = typeOfDataUrl(text)
  if (ofUrl !== undefined) return isMediaType(ofUrl) && isBase64Url(text)
  return (type === 'base64' || (type === undefined && within !== undefined && ofBase64.test(within))) && isBase64(text)
}

function kindsOfPart(owner: VisitedMember['owner'], within: string | undefined): readonly MediaKind[] {
  const said = typeOfOwner(owner)
  if (within !== undefined && ofGoogle.test(within))
    // Without a type it may be whatever the address leads to.
    return said === undefined ? ['file', 'audio'] : [kindOfType(said) ?? 'file']
  const { type } = owner
  const kind = typeof type !== 'string' || saysOfText.test(type) ? undefined : kindOfName(type)
  return kind === undefined ? [] : [kind]
}

function typeOfOwner(owner: VisitedMember['owner']): string | undefined {
  for (const [name, value] of Object.entries(owner)) if (saysType.test(name) && typeof value === 'string') return value
  return undefined
}
