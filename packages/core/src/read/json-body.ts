import { type MemberSpan, spansOf } from '../lib/json-members.js'

/** A JSON object: its text and its parsed members. */
export interface JsonBody {
  readonly members: Readonly<Record<string, unknown>>
  readonly text: string
  /** The positions of the outermost members in the text. */
  readonly spans: readonly MemberSpan[]
}

/** Computes `spans` on first use: most bodies are forwarded unchanged and never need them. */
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
}
