/** A member `usage` that says nothing, as the OpenAI API writes it in every chunk but the last, with the comma that parts it. */
const emptyUsage = /,\s*"usage"\s*:\s*null|(\{\s*)"usage"\s*:\s*null\s*,/

/**
 * An event without the empty `usage` that its chunk has because the request asked for token counts; `undefined` if it has none. A text
 * in the JSON cannot be taken for it, since a quotation mark in a text has a backslash in front.
 */
export function withoutEmptyUsage(text: string): string | undefined {
  if (!text.includes('"usage"')) return undefined
  const left = text.replace(emptyUsage, '$1')
  return left.length === text.length ? undefined : left
}

/** Whether a chunk is the one that brings the token counts of the stream and nothing else (OpenAI API, `include_usage`). */
export function isUsageAlone(chunk: object): boolean {
  const { choices, usage } = chunk as { readonly choices?: unknown; readonly usage?: unknown }
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null
}
