import { ByteOffsets } from '../lib/byte-offsets.js'
import { valueStart } from '../lib/json-members.js'
import { type MemberEdits, spliceMembers } from '../lib/splice-members.js'
import { afterSplices, type Splice, spliceBytes } from '../lib/splice.js'
import type { JsonBody } from '../read/json-body.js'

/**
 * The body that is sent: the received one with its edits. It turns a place in the text of the received body, where the reader found a
 * member, into a place in the bytes of this one, so that no later edit has to search the body again.
 */
export class EditedBody {
  readonly bytes: Buffer
  readonly #read: JsonBody
  readonly #edits: MemberEdits
  readonly #offsets: ByteOffsets
  /** In bytes of the received body. */
  readonly #splices: readonly Splice[]

  /** @param within Changes within a member that no edit is about, in characters. */
  constructor(received: Buffer, read: JsonBody, edits: MemberEdits, within: readonly Splice[]) {
    this.#read = read
    this.#edits = edits
    this.#offsets = new ByteOffsets(read.text, received.length)
    this.#splices = edits.size === 0 && within.length === 0 ? [] : this.#splicesOf(edits, within)
    this.bytes = spliceBytes(received, this.#splices)
  }

  #splicesOf(edits: MemberEdits, within: readonly Splice[]): readonly Splice[] {
    const { text, spans } = this.#read
    const outermost = edits.size === 0 ? [] : spliceMembers(text, spans, edits, text.indexOf('{') + 1)
    return [...outermost, ...within]
      .toSorted((one, other) => one.from - other.from)
      .map(({ from, to, put }) => ({ from: this.#offsets.at(from), to: this.#offsets.at(to), put }))
  }

  /** Whether no member is left. */
  get isEmpty(): boolean {
    for (const value of this.#edits.values()) if (value !== undefined) return false
    return this.#read.spans.every(({ name }) => this.#edits.has(name))
  }

  /** The byte at which a character of the received text stands. It is in no member that was edited. */
  byteAt(character: number): number {
    return afterSplices(this.#offsets.at(character), this.#splices)
  }

  /** How long the value of an outermost member is as it was written, in bytes. */
  bytesOf(name: string): number {
    const span = this.#read.spans.find((each) => each.name === name)
    if (span === undefined) return 0
    return this.#offsets.at(span.end) - this.#offsets.at(valueStart(this.#read.text, span))
  }
}
