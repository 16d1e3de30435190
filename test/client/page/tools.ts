import { createPostern, type GovernanceRecord, type PosternFetchOptions } from '@postern/client'
import { APIUserAbortError } from 'openai'

/** What a test says of the client; `token` is where a session token is fetched from. */
export interface PageOptions {
  readonly url: string
  readonly token?: string
  readonly dpop?: boolean
}

/** What came of a call, as it can leave the page. */
export interface PageResult {
  readonly text: string
  readonly record?: GovernanceRecord | undefined
  readonly error?: {
    readonly name: string
    readonly message: string
    readonly status?: number
    readonly code?: string
    readonly received?: string
  }
}

function optionsOf({ url, token, dpop }: PageOptions): PosternFetchOptions {
  const give = async ({ jkt }: { readonly jkt?: string }): Promise<string> => {
    const asked = new URL(token ?? '', location.origin)
    if (jkt !== undefined) asked.searchParams.set('jkt', jkt)
    return (await fetch(asked)).text()
  }
  return { url, ...(token === undefined ? {} : { token: give }), ...(dpop === undefined ? {} : { dpop }) }
}

function asking(model: string, prompt: string) {
  return { model, messages: [{ role: 'user' as const, content: prompt }] }
}

function describeError(error: unknown): NonNullable<PageResult['error']> {
  const { name, message, status, code, received } = error as NonNullable<PageResult['error']>
  return { name, message, ...JSON.parse(JSON.stringify({ status, code, received })) }
}

async function chat(options: PageOptions, model: string, prompt: string): Promise<PageResult> {
  const postern = createPostern(optionsOf(options))
  try {
    const answer = await postern.openai({ maxRetries: 0 }).chat.completions.create(asking(model, prompt))
    return { text: answer.choices[0]?.message.content ?? '', record: postern.governance(answer) }
  } catch (error) {
    return { text: '', error: describeError(error), record: postern.governance(error as Error) }
  }
}

async function stream(options: PageOptions, model: string, prompt: string): Promise<PageResult> {
  const postern = createPostern(optionsOf(options))
  let text = ''
  const answer = await postern.openai({ maxRetries: 0 }).chat.completions.create({ ...asking(model, prompt), stream: true })
  try {
    for await (const chunk of answer) text += chunk.choices[0]?.delta.content ?? ''
    return { text, record: await postern.governance(answer) }
  } catch (error) {
    return { text, error: describeError(error), record: await postern.governance(answer) }
  }
}

async function cancel(options: PageOptions, model: string, how: 'abort' | 'break') {
  const postern = createPostern(optionsOf(options))
  const answer = await postern.openai().chat.completions.create({ ...asking(model, 'emulate: slow-stream'), stream: true })
  let count = 0
  let at = 0
  for await (const _ of answer) {
    count += 1
    if (count < 3) continue
    at = Date.now()
    if (how === 'break') break
    answer.controller.abort()
  }
  return { at, record: await postern.governance(answer) }
}

async function cancelEarly(options: PageOptions, model: string): Promise<string> {
  const leaving = new AbortController()
  setTimeout(() => leaving.abort(), 150)
  const openai = createPostern(optionsOf(options)).openai()
  const error: unknown = await openai.chat.completions
    .create(asking(model, 'emulate: hang'), { signal: leaving.signal })
    .catch((thrown: unknown) => thrown)
  return error instanceof APIUserAbortError ? 'APIUserAbortError' : String(error)
}

async function keepChatting(options: PageOptions, model: string, forMs: number): Promise<string[]> {
  const openai = createPostern(optionsOf(options)).openai({ maxRetries: 0 })
  const errors: string[] = []
  const until = Date.now() + forMs
  while (Date.now() < until) {
    await Promise.all(
      [1, 2].map(() => openai.chat.completions.create(asking(model, 'Hello')).catch((error: unknown) => errors.push(String(error)))),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return errors
}

async function withExpired({ url }: PageOptions, model: string): Promise<boolean[]> {
  const fetchToken = async (ttl: string): Promise<string> => (await fetch(`/api/token?ttl=${ttl}`)).text()
  const expired = await fetchToken('1s')
  await new Promise((resolve) => setTimeout(resolve, 1200))
  const tokens = [expired]
  const openai = createPostern({ url, token: async () => tokens.pop() ?? fetchToken('1m') }).openai({ maxRetries: 0 })
  const answers = await Promise.all([1, 2, 3].map(() => openai.chat.completions.create(asking(model, 'Hello'))))
  return answers.map(({ choices }) => choices.length > 0)
}

/** What a backend is told to bind its token to. */
function thumbprint({ url }: PageOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const postern = createPostern({
      url,
      dpop: true,
      token: async ({ jkt }) => {
        resolve(jkt)
        throw new Error('That was all.')
      },
    })
    postern.fetch(`${postern.baseURL}/models`).catch(() => {})
  })
}

/** Tries to take the key out of the browser; gives the name of what is thrown. */
async function exportKey(): Promise<string> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open('postern', 1)
    opening.addEventListener('success', () => resolve(opening.result))
  })
  const pair = await new Promise<CryptoKeyPair>((resolve) => {
    const reading = database.transaction('keys').objectStore('keys').get('dpop')
    reading.addEventListener('success', () => resolve(reading.result as CryptoKeyPair))
  })
  return crypto.subtle.exportKey('jwk', pair.privateKey).then(
    () => 'exported',
    (error: unknown) => (error as Error).name,
  )
}

function askWorker(worker: Worker, model: string): Promise<PageResult> {
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data as PageResult))
    worker.addEventListener('error', ({ message }) => reject(new Error(message)))
    worker.postMessage(model, [])
  })
}

const tools = {
  chat,
  stream,
  cancel,
  cancelEarly,
  keepChatting,
  withExpired,
  thumbprint,
  exportKey,
  inWorker: (script: string, model: string) => askWorker(new Worker(script, { type: 'module' }), model),
  async inBlobWorker(script: string, model: string) {
    const code = await (await fetch(script)).blob()
    return askWorker(new Worker(URL.createObjectURL(code), { type: 'module' }), model)
  },
}

export type PageTools = typeof tools

Object.assign(globalThis, { tools })

/** The same bundle is the worker's. */
if (typeof window === 'undefined')
  globalThis.addEventListener('message', ({ data }: MessageEvent<string>) => {
    void stream({ url: '/ai', token: '/api/token', dpop: true }, data, 'good morning').then((result) => globalThis.postMessage(result, {}))
  })
