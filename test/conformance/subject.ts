import type { SeenRequest } from '@postern/emulator'
import type { LedgerEntry } from '@postern/ports'
import { type GovernanceRecord, parseGovernance } from '@postern/protocol'

/** Postern in front of one gateway, as a case sees it. */
export interface Subject {
  /** A model that the gateway answers for. */
  readonly model: string
  /** The gateway key of the caller, for what must be sent and must not come back; absent with a real gateway. */
  readonly keys: readonly string[]
  /** Another tenant's credential. */
  readonly otherCaller: string
  /** Asks through Postern. */
  call(path: string, options?: CallOptions): Promise<Answer>
  /** What reached the gateway since the last {@link call} began. Throws in front of a real gateway, which does not tell. */
  reached(): readonly SeenRequest[]
  /** The ledger's entry of the last call. */
  entry(): LedgerEntry
}

export interface CallOptions {
  readonly method?: string
  /** Sent as JSON; as it is where it is bytes or a form. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly credential?: string
}

/** An answer, read to its end or to where it broke off. */
export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | null
  readonly text: string
  readonly bytes: Buffer
  /** The body as JSON, or an empty object. */
  readonly json: Readonly<Record<string, unknown>>
  readonly error: { readonly code?: string; readonly message?: string; readonly type?: string }
  /** The data of each event of a stream, parsed where it is JSON. */
  readonly events: readonly unknown[]
  /** The connection broke off before the end. */
  readonly cut: boolean
  /** The governance record, from the comment frame where there is one, else from the header. */
  readonly record: GovernanceRecord | undefined
}

export async function readAnswer(response: Response): Promise<Answer> {
  const chunks: Uint8Array[] = []
  let cut = false
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk)
  } catch {
    cut = true
  }
  const bytes = Buffer.concat(chunks)
  const text = bytes.toString('utf8')
  const json = parse(text)
  const frame = /^: postern (.*)$/m.exec(text)?.[1]
  const document = typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    text,
    bytes,
    json: document,
    error: document['error'] ?? {},
    events: eventsOf(text),
    cut,
    record: parseGovernance(frame ?? response.headers.get('postern-governance')),
  }
}

function eventsOf(text: string): readonly unknown[] {
  return text.split(/\r?\n\r?\n/).flatMap((event) => {
    const data = event
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice('data:'.length).trimStart())
      .join('\n')
    return data === '' ? [] : [parse(data) ?? data]
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
