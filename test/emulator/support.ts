import { startEmulator, type EmulatedGateway, type EmulatedKey, type Emulator, type EmulatorOptions } from '@postern/emulator'
import { afterEach } from 'vitest'

/** A key in the form each gateway issues. */
export const KEYS: Record<EmulatedGateway, EmulatedKey> = {
  joytoken: { secret: 'jt_live_7f3a9c' },
  opentoken: { secret: 'sk-optk-5b1e0d' },
  freeai: { secret: 'fai_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG' },
  onysoft: { secret: `sk-ony-${'0123456789abcdef'.repeat(3)}` },
  mintoken: { secret: 'mt_live_2c9d4e', providerSecret: 'sk-provider-8a7b6c' },
}

/** A model each gateway accepts. */
export const MODELS: Record<EmulatedGateway, string> = {
  joytoken: 'auto',
  opentoken: 'google/gemini-3-flash',
  freeai: 'auto',
  onysoft: 'openai/gpt-4o-mini',
  mintoken: 'gpt-4o-mini',
}

const running: Emulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()))
})

/** Starts an emulator that stops with the test. */
export async function emulate(gateway: EmulatedGateway, options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const emulator = await startEmulator(gateway, { keys: [KEYS[gateway]], ...options })
  running.push(emulator)
  return emulator
}

/** The headers a correct call to the gateway has. */
export function goodHeaders(gateway: EmulatedGateway): Record<string, string> {
  const key = KEYS[gateway]
  return {
    authorization: `Bearer ${key.secret}`,
    'content-type': 'application/json',
    ...(gateway === 'freeai' ? { 'x-gateway-project-id': 'tests' } : {}),
    ...(key.providerSecret === undefined ? {} : { 'x-provider-key': key.providerSecret }),
  }
}

export interface Ask {
  model?: string
  prompt?: string
  stream?: boolean
  headers?: Record<string, string>
  body?: Record<string, unknown>
  signal?: AbortSignal
}

/** A chat completion call with everything in order, except what `ask` changes. */
export function chat(emulator: Emulator, ask: Ask = {}): Promise<Response> {
  return fetch(`${emulator.baseURL}/chat/completions`, {
    method: 'POST',
    redirect: 'manual',
    headers: ask.headers ?? goodHeaders(emulator.gateway),
    body: JSON.stringify({
      model: ask.model ?? MODELS[emulator.gateway],
      messages: [{ role: 'user', content: ask.prompt ?? 'good morning' }],
      ...(ask.stream === undefined ? {} : { stream: ask.stream }),
      ...ask.body,
    }),
    ...(ask.signal === undefined ? {} : { signal: ask.signal }),
  })
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many shapes.
export async function json(response: Response | Promise<Response>): Promise<any> {
  return (await response).json()
}

/** The data of each event; what is not JSON (`[DONE]`) as text. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many shapes.
export async function events(response: Response | Promise<Response>): Promise<any[]> {
  const text = await (await response).text()
  return text
    .split(/\r?\n\r?\n/)
    .flatMap((event) => event.split(/\r?\n/).filter((line) => line.startsWith('data: ')))
    .map((line) => (line.endsWith('[DONE]') ? '[DONE]' : JSON.parse(line.slice('data: '.length))))
}

/** The visible text of a stream in the OpenAI form. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many shapes.
export function textOf(records: any[]): string {
  return records.map((record) => record?.choices?.[0]?.delta?.content ?? '').join('')
}
