import type { EarlierEntry, LedgerEntry } from '@postern/ports'
import { bareMember, serializeGovernance, textMember } from '@postern/protocol'

/**
 * One entry as a line of JSON, written member by member for the reason that {@link serializeGovernance} gives.
 *
 * @param record Its governance record as one line of JSON. Default: it is written anew.
 */
export function writeLedgerLine(entry: LedgerEntry, record = serializeGovernance(entry)): string {
  const isOurs = entry.status >= 500 || entry.code === 'internal_error'
  // A gateway that gives keys out, or does not keep to ceilings, wants its operator.
  const level = isOurs || entry.leaked_key !== undefined || entry.finish === 'cut_budget' ? 'error' : 'info'
  return (
    `{"level":"${level}","msg":"request","time":"${entry.time}",${record.slice(1, -1)}` +
    textMember('parent_step', entry.parent_step) +
    textMember('binding', entry.binding) +
    textMember('via', entry.via) +
    textMember('caller', entry.caller) +
    textMember('user', entry.user) +
    textMember('team', entry.team) +
    textMember('project', entry.project) +
    textMember('method', entry.method) +
    textMember('path', entry.path) +
    bareMember('status', entry.status) +
    textMember('code', entry.code) +
    bareMember('own', entry.own) +
    bareMember('former_credential', entry.former_credential) +
    textMember('leaked_key', entry.leaked_key) +
    textMember('joined', entry.joined) +
    textMember('booked', entry.booked) +
    writeEstimated(entry.estimated) +
    bareMember('duration_ms', entry.duration_ms) +
    textMember('client_request_id', entry.client_request_id) +
    textMember('trace_id', entry.trace_id) +
    writeEarlier(entry.earlier) +
    textMember('refused', entry.refused) +
    textMember('address', entry.address) +
    textMember('cause', entry.cause) +
    '}\n'
  )
}

/** Seldom there, so it is not written member by member. */
function writeEstimated(estimated: LedgerEntry['estimated']): string {
  return estimated === undefined ? '' : `,"estimated":${JSON.stringify(estimated)}`
}

function writeEarlier(earlier: readonly EarlierEntry[] | undefined): string {
  if (earlier === undefined) return ''
  const attempts = earlier.map(
    ({ attempt, code, cause }) => `{"attempt":${attempt}${textMember('code', code)}${textMember('cause', cause)}}`,
  )
  return `,"earlier":[${attempts.join(',')}]`
}
