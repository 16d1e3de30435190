/** What must never happen. */
export type FaultKind =
  /** The process ended, or something was thrown that nobody caught. */
  | 'crash'
  /** One turn of its loop took too long. */
  | 'stall'
  /** A loaded secret came out. */
  | 'key out'
  /** A request reached a gateway or backend that Postern did not send as its own. */
  | 'smuggled'
  /** What came back is no answer, or more than one. */
  | 'answer'
  /** Something stayed open after its client had left. */
  | 'left open'
  /** A well-formed call no longer works. */
  | 'canary'
  /** Node warned. */
  | 'warning'
  /** It holds more memory with every input. */
  | 'growth'
  /** Something else that is promised does not hold. */
  | 'promise'

export interface Fault {
  readonly kind: FaultKind
  /** What happened, the same text for the same fault. */
  readonly what: string
  /** What is known of this one time. */
  readonly detail?: string
  /** How long a turn took, in milliseconds. */
  readonly ms?: number
}

/** What faults are counted under. */
export function signatureOf({ kind, what }: Fault): string {
  return `${kind}: ${what}`
}

/** A fault with the input that shows it. */
export interface Finding {
  readonly target: string
  readonly fault: Fault
  /** The number of the input under the seed; `undefined` where no single input shows it. */
  readonly index: number | undefined
  /** The choices that make the smallest input that was found, as `--replay` takes them. */
  readonly replay: string | undefined
  /** That input, for reading. */
  readonly input: string | undefined
  /** How often it was seen, this time included. */
  times: number
}

/** Describes an error by its name, message and first place in our code, without numbers that change. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${typeof error} ${String(error).slice(0, 80)}`
  const place = /\/((?:packages|sidecar)\/[\w/.-]+\.js)/.exec(error.stack ?? '')?.[1]
  return `${error.name}: ${error.message.slice(0, 120)}${place === undefined ? '' : ` (${place})`}`
}
