import type { MediaCounts } from './need.js'
import type { VisitedMember } from './visit-members.js'

type Kind = keyof MediaCounts

/** Types and names of media: `image_url`, `input_audio`, `computer_screenshot`, `document_url`, `fileData`. */
const ofImage = /image|picture|screenshot|photo|frame/i
const ofSound = /audio|video|sound|media|speech/i
const ofFile = /file|document|pdf|attachment/i
/** Items that a model wrote, or that say something of a text. */
const saysOfText = /_call(?:_output)?$|citation|_path$|search|format|_id$|name$|detail|type$|tokens/i

/** Members of a part that hold its bytes or say where they are. */
const holdsBytes = /^(?:data|file_?data|image_?data|ur[il]|image_url|file_url|document_url|video_url|audio_url|file_?uri|b64_json)$/i
/** Members of a part that name a file that is stored at the provider. */
const namesFile = /^file_?id$/i
/** Objects of a part whose `data` is base64 (OpenAI API, `input_audio`; Gemini API, `Part`). */
const ofBase64 = /^(?:input_?audio|inline_?data|source)$/i
const base64 = /^[A-Za-z0-9+/_=-]*$/
/** How a part of Google's API says its kind. */
const mimeTypes = ['mimeType', 'mime_type', 'mimetype', 'media_type'] as const

/** Counts the pictures, sounds and files that a request brings, and the bytes in which they stand in its body. */
export class MediaCounter {
  readonly #counts = { image: 0, audio: 0, file: 0 }
  /** How many bytes of the body hold media and no text. */
  bytes = 0
  /** The objects that are such parts, and those within them that hold the bytes. */
  readonly #parts = new WeakSet()
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
    if (inContent && this.#isPart(owner, within)) {
      // The bytes stand in an object of the part: `image_url`, `source`, `file`.
      if (typeof value === 'object' && !Array.isArray(value)) this.#parts.add(value)
      else if (Array.isArray(value) && isMany(name)) this.#add(kindOf(name) ?? 'image', value.length - 1)
      else if (typeof value === 'string' && holdsBytes.test(name) && isBytes(value, owner, within)) this.bytes += value.length
      return
    }
    // A part without a type, or a picture beside the text.
    const kind = saysOfText.test(name) ? undefined : kindOf(name)
    if (kind === undefined || (isTop && !isMany(name)) || (typeof value !== 'string' && typeof value !== 'object')) return
    this.#add(kind, Array.isArray(value) ? value.length : 1)
    if (typeof value === 'string' && value.startsWith('data:')) this.bytes += value.length
    else if (!Array.isArray(value) && typeof value === 'object') this.#parts.add(value)
  }

  #isPart(owner: VisitedMember['owner'], within: string | undefined): boolean {
    if (this.#parts.has(owner)) return true
    if (this.#others.has(owner)) return false
    const kind = kindOfPart(owner, within)
    if (kind === undefined) this.#others.add(owner)
    else {
      this.#parts.add(owner)
      this.#add(kind, 1)
    }
    return kind !== undefined
  }

  #add(kind: Kind, count: number): void {
    this.#counts[kind] += Math.max(0, count)
  }
}

/** Several in one member: `images`, `video`, which may be a list of pictures. */
function isMany(name: string): boolean {
  return /^(?:input_?)?(?:images?|videos?|audios?|files?|documents?|frames)(?:_?urls?|_?data)?$/i.test(name) && name !== 'documents'
}

function isBytes(text: string, { type }: VisitedMember['owner'], within: string | undefined): boolean {
  if (text.startsWith('data:')) return true
  return (type === 'base64' || (type === undefined && within !== undefined && ofBase64.test(within))) && base64.test(text)
}

function kindOfPart(owner: VisitedMember['owner'], within: string | undefined): Kind | undefined {
  const { type } = owner
  if (typeof type === 'string') return saysOfText.test(type) ? undefined : kindOf(type)
  const mime = mimeTypes.map((name) => owner[name]).find((value) => typeof value === 'string')
  if (within === undefined || !/^(?:inline_?data|file_?data)$/i.test(within)) return undefined
  return mime === undefined ? 'file' : (kindOf(mime) ?? 'file')
}

function kindOf(name: string): Kind | undefined {
  if (ofImage.test(name)) return 'image'
  if (ofSound.test(name)) return 'audio'
  return ofFile.test(name) ? 'file' : undefined
}
