import { type LedgerEntry, maxNoteBytes } from '@postern/ports'

/** The most characters of a text; of a note that would be too long, in a second try. No name that Postern gives is longer. */
const maxTextChars = [512, 64]

/** A text whose form leads to less than this many bytes needs no count: no character is more than three bytes in UTF-8. */
const surelyFits = maxNoteBytes / 3

/**
 * Writes what a ledger keeps of an entry as JSON: what `rowOf` of the stores reads. No cause, no address, no content; the entry is redacted
 * already.
 *
 * @returns At most `maxNoteBytes`.
 */
export function writeNote(entry: LedgerEntry): string | undefined {
  for (const most of maxTextChars) {
    const text = write(entry, (name) => (name === undefined || name.length <= most ? name : name.slice(0, most)))
    if (text.length <= surelyFits || Buffer.byteLength(text) <= maxNoteBytes) return text
  }
  return undefined
}

function write(entry: LedgerEntry, cut: (text: string | undefined) => string | undefined): string {
  return JSON.stringify({
    time: entry.time,
    request_id: cut(entry.request_id),
    attempt: entry.attempt,
    workflow: cut(entry.workflow),
    step: cut(entry.step),
    parent_step: cut(entry.parent_step),
    gateway: cut(entry.gateway),
    key: cut(entry.key),
    binding: cut(entry.binding),
    via: entry.via,
    caller: cut(entry.caller),
    user: cut(entry.user),
    team: cut(entry.team),
    project: cut(entry.project),
    method: entry.method,
    path: cut(entry.path),
    status: entry.status,
    code: cut(entry.code),
    finish: entry.finish,
    model_requested: cut(entry.model_requested),
    model: cut(entry.model),
    provider: cut(entry.provider),
    tier: cut(entry.tier),
    usage: entry.usage,
    booked: entry.booked,
    estimated: entry.estimated,
    cost: entry.cost,
    gateway_request_id: cut(entry.gateway_request_id),
    gateway_ms: entry.gateway_ms,
    duration_ms: entry.duration_ms,
    client_request_id: cut(entry.client_request_id),
    trace_id: entry.trace_id,
    earlier: entry.earlier?.slice(0, 16).map(({ attempt, code }) => ({ attempt, code })),
  })
}
