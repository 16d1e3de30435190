const LONGEST_QUOTE = 400

/** What an emulated model answers: the same text for the same prompt. */
export function replyTo(prompt: string): string {
  if (prompt.trim() === '') return 'You said nothing.'
  return `You said: ${prompt.length > LONGEST_QUOTE ? `${prompt.slice(0, LONGEST_QUOTE)}…` : prompt}`
}

/** A text as a model streams it: a few letters at a time, nothing lost between the pieces. */
export function piecesOf(text: string): string[] {
  return text.match(/\s*\S+\s*/g) ?? [text]
}

export function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
