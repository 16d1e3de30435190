import { type MemberSpan, spansOf } from '../lib/json-members.js'

/** A JSON object as it came and as it was read. */
export interface JsonBody {
  readonly members: Readonly<Record<string, unknown>>
  readonly text: string
  /** Where the members of the outermost object stand in the text. */
  readonly spans: readonly MemberSpan[]
}

/** One whose spans are looked for when they are asked for: most bodies are passed on as they came. */
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
