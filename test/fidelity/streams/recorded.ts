import { readFileSync } from 'node:fs'
import { EMULATED_GATEWAYS, type EmulatedGateway } from '@postern/emulator'
import type { PackageName } from '../methods/find-methods.js'

/** Who reads a stream: an official client, the AI SDK, or, where no client of its provider is installed, what its events hold. */
export type Reader = PackageName | '@ai-sdk/openai' | 'events'

/** A stream in the form in which a provider or gateway sends it, and how a client asks for it. */
export interface RecordedStream {
  readonly name: string
  readonly dialect: 'openai' | EmulatedGateway
  /** Below `/v1/`. */
  readonly path: string
  readonly reader: Reader
  readonly bytes: Buffer
  /** The gateway leaves out what clients need, and Postern adds it: what comes out is the same wherever it is cut. */
  readonly mended: boolean
}

/** From where this is compiled to. */
const folder = new URL('../../../streams/', import.meta.url)
const recordings = new URL('../../../../recordings/', import.meta.url)

const ofProvider = (name: string, path: string, reader: Reader): RecordedStream => ({
  name: `${name}, read by ${reader}`,
  dialect: 'openai',
  path,
  reader,
  bytes: readFileSync(new URL(`${name}.sse`, folder)),
  mended: false,
})

/** What the five gateways are recorded with, which the documents are made from as well. */
const ofGateway = (dialect: EmulatedGateway): RecordedStream => {
  const { answer } = JSON.parse(readFileSync(new URL(`${dialect}/stream.json`, recordings), 'utf8')) as {
    readonly answer: { readonly events: readonly string[] }
  }
  const bytes = Buffer.from(answer.events.map((event) => `${event}\n\n`).join(''))
  return { name: dialect, dialect, path: 'chat/completions', reader: 'openai', bytes, mended: mendedGateways.includes(dialect) }
}

const mendedGateways: readonly EmulatedGateway[] = ['joytoken', 'onysoft']

export const recordedStreams: readonly RecordedStream[] = [
  ofProvider('openai-chat', 'chat/completions', 'openai'),
  ofProvider('openai-chat-crlf', 'chat/completions', 'openai-7'),
  ofProvider('openai-responses', 'responses', 'openai'),
  ofProvider('anthropic-messages', 'messages', '@anthropic-ai/sdk'),
  ofProvider('google-generate', 'generateContent', 'events'),
  ofProvider('openai-chat', 'chat/completions', '@ai-sdk/openai'),
  ofProvider('openai-responses', 'responses', '@ai-sdk/openai'),
  ...EMULATED_GATEWAYS.map(ofGateway),
]
