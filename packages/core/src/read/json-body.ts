import { type MemberSpan, spansOf, spansWithin } from '../lib/json-members.js'

/** A JSON object: its text and its parsed members. */
export interface JsonBody {
  readonly members: Readonly<Record<string, unknown>>
  readonly text: string
  /** The positions of the outermost members in the text. */
  readonly spans: readonly MemberSpan[]
  /** The positions of the members of a nested object, which is the value of the member at `span`; `undefined` if the value is of another type. */
  spansWithin(span: MemberSpan): readonly MemberSpan[] | undefined
}

/** Computes positions on first use: most bodies are forwarded unchanged and never need them. */
export class SmallJsonBody implements JsonBody {
  readonly members: Readonly<Record<string, unknown>>
  readonly text: string
  #spans: readonly MemberSpan[] | undefined

  constructor(members: Readonly<Record<string, unknown>>, text: string) {
    this.members = members
    this.text = text
  }

  get spans(): readonly MemberSpan[] {
    return (this.#spans ??= spansOf(this.text))
  }

  spansWithin(span: MemberSpan): readonly MemberSpan[] | undefined {
    return spansWithin(this.text, span)
  }
}

/** Knows all positions from its reader, since to look for one would block the event loop. */
export class LargeJsonBody implements JsonBody {
  readonly members: Readonly<Record<string, unknown>>
  readonly text: string
  readonly spans: readonly MemberSpan[]

  constructor(members: Readonly<Record<string, unknown>>, text: string, spans: readonly MemberSpan[]) {
    this.members = members
    this.text = text
    this.spans = spans
  }

  spansWithin({ within }: MemberSpan): readonly MemberSpan[] | undefined {
    return within
  }
}
