/** One row of a gateway's error table, as an answer. */
export interface Refusal {
  summary: string
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** A gateway's error table, by case name. */
export type Refusals<Name extends string = string> = Readonly<Record<Name, Refusal>>
