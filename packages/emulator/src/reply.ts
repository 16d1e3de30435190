const LONGEST_QUOTE = 400

/** The answer of an emulated model. Equal prompts get equal answers. */
export function replyTo(prompt: string): string {
  if (prompt.trim() === '') return 'You said nothing.'
  return `You said: ${prompt.length > LONGEST_QUOTE ? `${prompt.slice(0, LONGEST_QUOTE)}…` : prompt}`
}

/** Splits a text as a model streams it, one word at a time; together the pieces are the text. */
export function piecesOf(text: string): string[] {
  return text.match(/\s*\S+\s*/g) ?? [text]
}

export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
