import { readFileSync } from 'node:fs'
import type { PackageName } from '../methods/find-methods.js'

/** A stream in the form in which a provider sends it, and how a client asks for it. */
export interface RecordedStream {
  readonly name: string
  /** Of its provider, below `/v1/`. */
  readonly path: string
  /** Whose client reads it; where none is installed, what its events hold is compared. */
  readonly client: PackageName | undefined
  readonly bytes: Buffer
}

/** From where this is compiled to. */
const folder = new URL('../../../streams/', import.meta.url)

const stream = (name: string, path: string, client?: PackageName): RecordedStream => ({
  name,
  path,
  client,
  bytes: readFileSync(new URL(`${name}.sse`, folder)),
})

export const recordedStreams: readonly RecordedStream[] = [
  stream('openai-chat', 'chat/completions', 'openai'),
  stream('openai-chat-crlf', 'chat/completions', 'openai-7'),
  stream('openai-responses', 'responses', 'openai'),
  stream('anthropic-messages', 'messages', '@anthropic-ai/sdk'),
  stream('google-generate', 'generateContent'),
]
