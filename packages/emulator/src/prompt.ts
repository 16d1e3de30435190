import { isRecord, member, textMember } from './json-value.js'
import { countWords } from './reply.js'

interface Said {
  role: string
  text: string
}

/** The text of the last user message, in any of the known request forms. */
export function promptOf(body: unknown): string {
  return said(body).findLast(({ role }) => role === 'user')?.text ?? ''
}

/** The emulators' token count: one token a word, over everything that was sent to the model. */
export function promptTokensOf(body: unknown): number {
  return said(body).reduce((sum, { text }) => sum + countWords(text), 0)
}

/** OpenAI and Anthropic `messages`, Google `contents`, the Responses API's `input`, and plain `prompt` and `input` texts. */
function said(body: unknown): Said[] {
  const found: Said[] = []
  for (const name of ['messages', 'contents']) {
    const list = member(body, name)
    if (Array.isArray(list)) found.push(...list.map(turn))
  }
  const input = member(body, 'input')
  if (Array.isArray(input)) found.push(...input.map(turn))
  if (typeof input === 'string') found.push({ role: 'user', text: input })
  const prompt = textMember(body, 'prompt')
  if (prompt !== undefined) found.push({ role: 'user', text: prompt })
  return found
}

function turn(value: unknown): Said {
  if (!isRecord(value)) return { role: 'user', text: textOf(value) }
  return { role: textMember(value, 'role') ?? 'user', text: textOf(value['content'] ?? value['parts'] ?? value['text']) }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map((part) => (typeof part === 'string' ? part : (textMember(part, 'text') ?? ''))).join('')
  return ''
}
