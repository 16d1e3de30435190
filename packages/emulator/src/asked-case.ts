import type { EmulatedCall } from './emulated-call.js'
import { textMember } from './json-value.js'
import { promptOf } from './prompt.js'

const BY_MODEL = /^emulate\/(\S+)$/
const BY_PROMPT = /^\s*emulate:\s*([A-Za-z0-9_-]+)/

/**
 * The case that a request asks for: by its model (`emulate/<case>`), by its last user message (`emulate: <case>`),
 * or, if it has neither, by the query parameter `emulate=<case>`.
 */
export function askedCase(exchange: EmulatedCall): string | undefined {
  const model = textMember(exchange.json, 'model') ?? exchange.form.field('model') ?? ''
  return BY_MODEL.exec(model)?.[1] ?? BY_PROMPT.exec(promptOf(exchange.json))?.[1] ?? exchange.url.searchParams.get('emulate') ?? undefined
}

/** Whether a model id is a request for a case rather than a model. */
export function isCaseModel(model: string): boolean {
  return BY_MODEL.test(model)
}
