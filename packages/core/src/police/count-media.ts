import type { MediaCounts } from './need.js'
import type { VisitedMember } from './visit-members.js'

type Kind = keyof MediaCounts

/** Parts of a message that are no text, by their type (OpenAI and Anthropic APIs). */
const kinds: Readonly<Record<string, Kind>> = {
  image: 'image',
  image_url: 'image',
  image_file: 'image',
  input_image: 'image',
  input_audio: 'audio',
  audio: 'audio',
  audio_url: 'audio',
  video: 'audio',
  video_url: 'audio',
  input_video: 'audio',
  file: 'file',
  input_file: 'file',
  document: 'file',
}

/** Members of a part that hold its bytes or say where they are. */
const holdsBytes = /^(?:data|file_?data|image_?data|url|image_url|file_url|b64_json)$/i
/** Members of a part that name a file that is stored at the provider. */
const namesFile = /^(?:file_?id|file_?uri)$/i
/** Google's parts (Gemini API, `Part`). */
const googlePart = /^(?:inline_?data|file_?data)$/i
const mimeType = /^mime_?type$/i

/** Counts the pictures, sounds and files that a request brings, and the bytes in which they stand in its body. */
export class MediaCounter {
  readonly #counts = { image: 0, audio: 0, file: 0 }
  /** How many bytes of the body hold media and no text. */
  bytes = 0
  /** The objects that are such parts, and those within them that hold the bytes. */
  readonly #parts = new WeakSet()

  counts(): MediaCounts {
    return { ...this.#counts }
  }

  /** Whether a member belongs to a part that was counted and says where its bytes are. */
  isCounted({ name, owner }: VisitedMember): boolean {
    return (holdsBytes.test(name) || namesFile.test(name)) && this.#parts.has(owner)
  }

  visit({ name, value, owner, within, inContent }: VisitedMember): void {
    if (!inContent) return
    const kind = kindOf(owner, within)
    if (kind === undefined && !this.#parts.has(owner)) return
    if (kind !== undefined && !this.#parts.has(owner)) {
      this.#parts.add(owner)
      this.#counts[kind] += 1
    }
    // The bytes stand in an object of the part: `image_url`, `source`, `file`.
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) this.#parts.add(value)
    // A document may also be text, which counts as text.
    if (typeof value === 'string' && holdsBytes.test(name) && owner['type'] !== 'text') this.bytes += value.length
  }
}

function kindOf(owner: VisitedMember['owner'], within: string | undefined): Kind | undefined {
  if (within !== undefined && googlePart.test(within)) {
    const type = Object.keys(owner).find((name) => mimeType.test(name))
    const mime = type === undefined ? undefined : owner[type]
    if (typeof mime !== 'string') return 'file'
    return mime.startsWith('image/') ? 'image' : /^(?:audio|video)\//.test(mime) ? 'audio' : 'file'
  }
  const { type } = owner
  return typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type] : undefined
}
