import type { MediaCounts } from './need.js'
import { typeOfDataUrl } from './data-url.js'

export type MediaKind = keyof MediaCounts

/** Types and names of media: `image_url`, `input_audio`, `computer_screenshot`, `document_url`, `fileData`. */
const ofImage = /image|picture|screenshot|photo|frame/i
const ofSound = /audio|video|sound|media|speech/i
const ofFile = /file|document|pdf|attachment/i

/** What a path ends in, and hosts, that say what an address leads to. */
const soundAddress = /\.(?:mp4|m4v|mov|avi|mkv|webm|mpe?g|3gpp?|wmv|flv|mp3|m4a|wav|flac|ogg|oga|opus|aac|aiff?)$/i
const fileAddress = /\.(?:pdf|docx?|pptx?|xlsx?|odt|epub|rtf)$/i
const soundHost = /^(?:https?:)?\/\/(?:[\w-]+\.)*(?:youtube\.com|youtube-nocookie\.com|youtu\.be|vimeo\.com)(?:[:/?#]|$)/i

/** No host is longer, and no ending, in characters. */
const maxHostChars = 300
const maxEndingChars = 8

/** The kind of media that a name or a type speaks of. */
export function kindOfName(name: string): MediaKind | undefined {
  if (ofImage.test(name)) return 'image'
  if (ofSound.test(name)) return 'audio'
  return ofFile.test(name) ? 'file' : undefined
}

/** The kind of media of a type such as `video/mp4`; `undefined`: it is text, or names no kind. */
export function kindOfType(type: string): MediaKind | undefined {
  if (/^\s*(?:audio|video)\//i.test(type)) return 'audio'
  if (/^\s*image\//i.test(type)) return 'image'
  return kindOfName(type)
}

/** The kind of media that an address says by itself: by the type of a `data:` URL, by what a path ends in, or by its host. */
export function kindOfAddress(address: string): MediaKind | undefined {
  const type = typeOfDataUrl(address)
  if (type !== undefined) return kindOfType(type)
  if (soundHost.test(address.slice(0, maxHostChars))) return 'audio'
  const end = address.search(/[?#]/)
  const path = end === -1 ? address : address.slice(0, end)
  const ending = path.slice(-maxEndingChars)
  if (soundAddress.test(ending)) return 'audio'
  return fileAddress.test(ending) ? 'file' : undefined
}
