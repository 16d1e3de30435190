/** Members of streamed events that hold a piece of the answer: text, thinking and arguments of tools, in the formats of OpenAI and Anthropic. */
const textMembers = [
  '"content"',
  '"reasoning_content"',
  '"reasoning"',
  '"text"',
  '"thinking"',
  '"partial_json"',
  '"arguments"',
  '"refusal"',
  '"delta"',
] as const

/** The type of an event that repeats what came before, or tells of the whole answer, does not end so. */
const typeOfPiece = /"type"\s*:\s*"[a-z_.]*delta"/

/**
 * So many characters no tokenizer makes of a token on average: of English it makes four, of code six. A single token, such as one of
 * blanks, may have more than a hundred.
 */
const mostCharsPerToken = 32

/** What every stream may have beyond that, in characters, since in a short answer one long token is far from the average. */
const charsForAll = 1024

/**
 * Watches whether a stream goes on behind the tokens that were set aside for it. It must be sure, since it ends the stream: that it is, by
 * the length of the text, or by a report of the gateway behind which more text comes.
 */
export class Allowance {
  readonly #tokens: number
  readonly #isTyped: boolean
  #charsLeft: number
  #reported = 0

  /**
   * @param tokens What was set aside for all answers together.
   * @param isTyped Whether the events of the format have a type.
   */
  constructor(tokens: number, isTyped: boolean) {
    this.#tokens = tokens
    this.#isTyped = isTyped
    this.#charsLeft = tokens * mostCharsPerToken + charsForAll
  }

  /** The gateway has said how many tokens it had made by then. */
  reported(tokens: number | undefined): void {
    if (tokens !== undefined) this.#reported = tokens
  }

  /**
   * Whether a further event is more than was set aside.
   *
   * @param event As Latin-1.
   */
  isPassedBy(event: string): boolean {
    if (this.#isTyped && !typeOfPiece.test(event)) return false
    const chars = countText(event)
    this.#charsLeft -= chars
    return this.#charsLeft < 0 || (chars > 0 && this.#reported > this.#tokens)
  }
}

/** The characters of an event's pieces of the answer. An escape counts as one. */
function countText(event: string): number {
  let chars = 0
  for (const member of textMembers) {
    for (let at = event.indexOf(member); at !== -1; at = event.indexOf(member, at)) {
      at = afterBlanks(event, at + member.length)
      if (event[at] !== ':') continue
      at = afterBlanks(event, at + 1)
      if (event[at] !== '"') continue
      at += 1
      for (; at < event.length && event[at] !== '"'; at += 1) {
        if (event[at] === '\\') at += event[at + 1] === 'u' ? 5 : 1
        chars += 1
      }
    }
  }
  return chars
}

function afterBlanks(text: string, from: number): number {
  let at = from
  while (text[at] === ' ') at += 1
  return at
}
