import { countPieces, countTexts } from './count-pieces.js'

/**
 * So many characters no tokenizer makes of a token on average, a row of the same character aside: of English it makes four, of code six.
 */
const mostCharsPerToken = 32

/** What every stream may have beyond that, in characters, since in a short answer one long token is far from the average. */
const charsForAll = 1024

/** What is known of a stream before it begins. */
export interface StreamBound {
  /** The output tokens that were set aside for all answers together. */
  readonly tokens: number
  /** Whether the events of the format have a type. */
  readonly isTyped: boolean
  /** How many characters of the request the answer may begin with. */
  readonly echoedChars: number
}

/**
 * Watches whether a stream goes on behind the tokens that were set aside for it. It must be sure, since it ends the stream: that it is, by
 * the length of the text, or by a report of the gateway behind which more text comes.
 *
 * Most streams stay far below that, so it counts roughly at first, and too much rather than too little: every text that could be of the
 * answer. Only where that is more than was set aside it begins to count exactly.
 */
export class Allowance {
  readonly #tokens: number
  readonly #isTyped: boolean
  readonly #chars: number
  #roughly = 0
  #exactly = 0
  #reported = 0

  constructor({ tokens, isTyped, echoedChars }: StreamBound) {
    this.#tokens = tokens
    this.#isTyped = isTyped
    this.#chars = tokens * mostCharsPerToken + charsForAll + echoedChars
  }

  /** The gateway has said how many tokens it had made by then. */
  reported(tokens: number | undefined): void {
    if (tokens !== undefined) this.#reported = tokens
  }

  /**
   * Whether a further event is more than was set aside.
   *
   * @param event As Latin-1. A character beyond ASCII counts roughly as its bytes, and exactly as one.
   * @param mayParse Whether the event is small enough to be parsed in one turn of the event loop. A larger event adds nothing to the exact count.
   */
  isPassedBy(event: string, mayParse: () => boolean): boolean {
    if (this.#reported <= this.#tokens) {
      this.#roughly += countTexts(event)
      if (this.#roughly <= this.#chars) return false
    }
    const chars = mayParse() ? countPieces(Buffer.from(event, 'latin1').toString(), this.#isTyped) : 0
    this.#exactly += chars
    return this.#exactly > this.#chars || (chars > 0 && this.#reported > this.#tokens)
  }
}
