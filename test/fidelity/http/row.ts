/** A way through Postern. */
export type Road = 'gateway' | 'backend'
export const roads: readonly Road[] = ['gateway', 'backend']

export interface AskedOnWire {
  readonly method?: string
  /** What stands before the request line. */
  readonly leading?: string
  /** The target is a whole URL. */
  readonly wholeUrl?: boolean
  /** Below `/v1/`. */
  readonly path?: string
  readonly version?: '1.0' | '1.1'
  /** Lines, without `Host`, which each request has. */
  readonly headers?: readonly string[]
  /** What follows the head, each piece in a packet of its own. */
  readonly body?: readonly string[]
  /** The first piece of the body leaves with the head. */
  readonly inOnePiece?: boolean
  /** The client ends its half of the connection behind the request. */
  readonly halfClose?: boolean
  /** The body waits for this interim answer. */
  readonly waitsFor100?: boolean
  /** The last piece of the body leaves when the answer is there. */
  readonly waitsForAnswer?: boolean
  /** How long it waits for an answer, in milliseconds, where a road gives none. */
  readonly patienceMs?: number
}

export interface AnsweredOnWire {
  /** Bytes, one a character, each piece in a packet of its own. */
  readonly pieces: readonly string[]
  /** It answers at the head of a request and does not wait for its body. */
  readonly early?: boolean
  /** What becomes of the connection then. */
  readonly after?: 'keep' | 'close' | 'reset'
}

/** One legal exchange that is seldom seen. */
export interface Row {
  readonly group: string
  readonly name: string
  readonly asked: AskedOnWire
  readonly answered: AnsweredOnWire
  /** Where it is taken; both where nothing is said. */
  readonly roads?: readonly Road[]
  /** How much the upstream sees of a request depends on who is quicker, so that is not compared. */
  readonly raced?: boolean
  /** What differs on purpose: what it is called in a comparison, and why. */
  readonly differs?: { readonly [Name in Road]?: Readonly<Record<string, string>> }
}

/** An answer with a body of known length. */
export function answer(head: string, body = '', further: readonly string[] = []): string {
  return [`HTTP/1.1 ${head}`, ...further, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`, '', body].join('\r\n')
}

/** An answer whose head says exactly this. */
export function bare(head: string, further: readonly string[] = [], body = ''): string {
  return [`HTTP/1.1 ${head}`, ...further, '', body].join('\r\n')
}

export function chunked(...chunks: readonly string[]): string {
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`
}
