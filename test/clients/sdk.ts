import type { PosternFetch } from '@postern/client'

/** An SDK that is built on Postern's fetch, as its users would build it, and asked the same things as the others. */
export interface Sdk {
  /** With its version. */
  readonly name: string
  /** The gateway whose API it speaks. */
  readonly gateway: 'joytoken' | 'mintoken'
  /** Which of the APIs. */
  readonly api: 'chat' | 'responses' | 'messages'
  /** What reading a stream comes to once its signal is aborted. */
  readonly whenAborted: 'returns' | 'throws'
  open(postern: PosternFetch, model: string): OpenSdk
}

/** What it said, and what of all that it gave tells `governance` which request it was. */
export interface Said {
  readonly text: string
  readonly given: object
}

export interface OpenSdk {
  call(prompt: string, signal?: AbortSignal): Promise<Said>
  /** @param piece Is called with each piece of the text. */
  stream(prompt: string, piece: (text: string) => void, signal?: AbortSignal): Promise<Said>
  /** Asks with a tool named "weather", gives the model what it gives, and gives the last word. */
  useTool(prompt: string): Promise<string>
  /** Likewise, streamed; where the SDK itself runs tools. */
  streamTool?(prompt: string): Promise<string>
}

/** What every tool says of the weather. */
export const weather = (city: string): string => `sunny in ${city}`

export const weatherParameters = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
}
