import { readdirSync, readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join, resolve } from 'node:path'
import type { GovernanceRecord } from '@postern/protocol'

/** One answer of a gateway as it came over the wire, and what a client of Postern gets. */
export interface Recording {
  readonly name: string
  /** The row of the common table of refusals, if it is a refusal. */
  readonly refusal?: string
  /** The place in the gateway's documents. */
  readonly source: string
  /** `false`: the documents are silent, and the shared rules decide. */
  readonly documented?: false
  /** Merged over a default chat request. */
  readonly request?: Readonly<Record<string, unknown>>
  readonly answer: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly text?: string
    readonly events?: readonly string[]
    readonly then?: 'cut'
  }
  readonly client: {
    readonly status: number
    readonly code?: string
    readonly mayRetry?: boolean
    /**
     * The gateway answered with a status of success: the call may have run, so a retry is not advised, whatever the
     * code says.
     */
    readonly ran?: boolean
    readonly retryAfter?: string
    /** What the model said. */
    readonly text?: string
    readonly finish?: GovernanceRecord['finish']
  }
  /** What the governance record holds of it. */
  readonly record?: Partial<GovernanceRecord>
}

/** The folder with the recordings of the built-in dialects, one folder for each. */
export const recordingsFolder = resolve(import.meta.dirname, '../recordings')

export function readRecordings(folder: string): readonly Recording[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<Recording, 'name'>),
    }))
}

/** Answers as recorded. */
export function play({ answer }: Recording): RequestListener {
  const { status, headers, body, text, events, then } = answer
  return (_, response) => {
    response.writeHead(status, headers)
    const sent = events === undefined ? (text ?? JSON.stringify(body)) : events.map((event) => `${event}\n\n`).join('')
    if (then === 'cut') response.write(sent, () => setTimeout(() => response.destroy(), 20))
    else response.end(sent)
  }
}
