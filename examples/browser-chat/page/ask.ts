import { createPostern, PosternStreamError } from '@postern/client'
import { APIError, APIUserAbortError } from 'openai'
import type { Turn } from './turn.js'

// No key and no token: the backend's cookie says who this is.
const postern = createPostern({ url: '/ai' })
/** Each visit is a run of its own in the gateway's logs. */
const conversation = postern.workflow(`chat-${crypto.randomUUID().slice(0, 8)}`)

/** Asks for an answer to the last turn, and says how it gets on. */
export async function ask(turns: readonly Turn[], signal: AbortSignal, tell: (change: Partial<Turn>) => void): Promise<void> {
  const openai = conversation.step(`turn-${turns.length}`).openai({ maxRetries: 0 })
  const messages = turns.flatMap(({ prompt, text }) => [
    { role: 'user' as const, content: prompt },
    ...(text === '' ? [] : [{ role: 'assistant' as const, content: text }]),
  ])
  try {
    const stream = await openai.chat.completions.create({ model: 'auto', stream: true, messages }, { signal })
    let text = ''
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      tell({ text })
    }
    const record = await postern.governance(stream)
    tell({ record, state: signal.aborted ? 'cancelled' : 'complete' })
  } catch (error) {
    tell(describe(error))
  }
}

/** Three ways in which there is no whole answer; a part of one is never shown as the whole. */
function describe(error: unknown): Partial<Turn> {
  if (error instanceof APIUserAbortError) return { state: 'cancelled' }
  if (error instanceof PosternStreamError)
    return {
      state: 'broken',
      code: error.finish,
      trouble: `${error.name}: what stands here came, the rest did not.`,
      ...known(error.record),
    }
  if (error instanceof APIError)
    return {
      state: 'refused',
      code: error.code ?? 'unknown',
      trouble: error.message.replace(/^\d+ /, ''),
      ...known(postern.governance(error)),
    }
  return { state: 'refused', code: 'unreachable', trouble: 'Postern could not be reached.' }
}

function known(record: Turn['record']): Pick<Turn, 'record'> {
  return record === undefined ? {} : { record }
}
