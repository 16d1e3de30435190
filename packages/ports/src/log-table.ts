import { preflight, request, sessionEnded } from './log-fields.js'

/** A kind of line of the log: `docs/log.md` is made from these. */
export interface LogRow {
  readonly level: 'info' | 'warn' | 'error' | 'info or error' | 'info or warn'
  /** When the line is written. */
  readonly when: string
  /** Each further member with its meaning. A line may lack those that are not known. */
  readonly fields: Readonly<Record<string, string>>
}

/** Every line has these. */
export const sharedLogFields = {
  level: '`info`, `warn` or `error`',
  time: 'ISO 8601, UTC; of a `request` when it arrived',
  msg: 'the name of the row here',
} as const

const audit = {
  event: '`audit`',
  who: 'the name of the credential, or what has none',
  what: 'what was done',
  result: 'how it ended',
  request_id: 'of the request that asked for it',
  changed: 'settings that are different now',
  laxer: 'those that let more through',
  fixed: 'settings that cannot change while it runs',
  problems: 'why it was refused',
  kind: 'of sessions that were ended',
  name: 'of sessions that were ended',
  id: 'of a session that was minted',
  user: 'its user',
  team: 'its team',
  project: 'its project',
  expires_at: 'when it ends',
  torn: 'the SHA-256 of a line that was not ended',
} as const

const file = 'the file'
const workerId = 'the id of its process'
const reason = 'why'
const afterMs = 'for how long it was away, in milliseconds'

/** Every line that is written, by its `msg`. A line that is none of these is a warning of `postern check`, in its own words. */
export const logTable = {
  request: { level: 'info or error', when: 'a call ended, or was refused', fields: request },
  backend_request: {
    level: 'info or warn',
    when: 'Postern answered a request in place of the backend or broke its answer off; with `log.access` every request to it has a line',
    fields: {
      request_id: 'the id that the refusal carries',
      method: 'of the request',
      path: 'without the query, at most 200 characters',
      host: 'that was asked for, at most 200 characters',
      origin: 'of the page, at most 200 characters',
      address: "the client's address, as trusted proxies tell it",
      status: 'what the client got; 499 if it left before the head was sent',
      code: 'of [errors.md](errors.md); absent where the backend answered',
      cause: 'the underlying error, at most 200 characters',
      duration_ms: 'from the arrival to the end, in milliseconds',
    },
  },
  preflight_refused: { level: 'info', when: 'a page of an origin that is not allowed asked whether it may call', fields: preflight },
  session_ended: { level: 'info', when: 'sessions were ended before they expired', fields: sessionEnded },
  audit: { level: 'info', when: '[the audit](operations.md#the-audit) has no file', fields: audit },
  audit_line_lost: {
    level: 'error',
    when: 'a line of the audit could not be written',
    fields: { ...audit, cause: reason },
  },
  audit_lost: { level: 'error', when: 'the audit cannot be written', fields: { cause: reason } },
  audit_written_again: { level: 'info', when: 'the audit can be written again', fields: {} },
  audit_newest: {
    level: 'info',
    when: 'a line of the audit was written, and at the start: `postern audit verify --newest` compares the file with these',
    fields: { digest: 'the SHA-256 of the newest line' },
  },
  audit_unmarked: {
    level: 'warn',
    when: 'at the start, the audit begins with lines that have no mark of a master key',
    fields: { lines: 'how many' },
  },
  audit_broken: {
    level: 'warn',
    when: 'at the start, a line of the audit does not fit the one before, or its mark is not right',
    fields: { line: 'its number', cause: reason },
  },
  listening: {
    level: 'info',
    when: 'the process serves callers, or a further listener has its port',
    fields: {
      url: 'where the API is',
      admin: 'the admin listener',
      health: 'the listener for probes',
      metrics: 'the listener for Prometheus',
      workers: 'how many serve, if more than one',
      passed: 'the sockets that were passed',
    },
  },
  worker_ended: {
    level: 'error',
    when: 'a [worker](operations.md#workers) ended by itself; another one takes its place',
    fields: { worker: workerId, code: 'its exit code', signal: 'what ended it', calls: 'that are booked in full', next_in_ms: 'the pause' },
  },
  worker_serves: { level: 'info', when: 'a worker took the place of another one', fields: { worker: workerId } },
  worker_failed: { level: 'error', when: 'a worker did not come to serve; another one follows', fields: { cause: reason } },
  worker_left_behind: {
    level: 'error',
    when: 'a worker did not take a configuration; it is ended, and another one takes its place',
    fields: { worker: workerId, cause: reason },
  },
  waiting: {
    level: 'info or warn',
    when: 'another process has what this one needs',
    fields: { for: '`store`, `audit`, `health` or `metrics`', file, port: 'the port', at_most_ms: 'how long it waits', reason },
  },
  draining: {
    level: 'info',
    when: 'the process was told to stop',
    fields: { signal: 'by which signal', deadline_ms: 'how long calls may take' },
  },
  stopped: { level: 'info', when: 'every call ended in time', fields: {} },
  'stopped at the deadline; streams that were still open were cut': { level: 'warn', when: 'calls were cut at the deadline', fields: {} },
  configuration_taken: {
    level: 'info',
    when: 'another configuration is in use',
    fields: {
      by: '`admin`, `signal`, `watch` or `secret file`',
      changed: 'settings that are different now',
      laxer: 'those that let more through',
    },
  },
  configuration_refused: {
    level: 'error',
    when: 'a configuration was read and not taken',
    fields: { by: 'as above', problems: 'as `postern check` prints them' },
  },
  store_unavailable: { level: 'error', when: 'the store cannot be asked, or not be written', fields: { reason } },
  store_available_again: { level: 'info', when: 'it answers again', fields: { after_ms: afterMs } },
  store_lost: { level: 'error', when: 'the SQLite file was moved, removed or replaced', fields: { file, reason } },
  store_claimed_again: { level: 'warn', when: 'its owner file was', fields: { file, reason } },
  store_found_again: { level: 'info', when: 'the file is back', fields: { file } },
  key_source_lost: {
    level: 'error',
    when: 'the source of a [key](keys.md) gives nothing usable',
    fields: { key: 'its alias', source: 'the kind of the source', reason, unavailable: 'whether calls with the key are refused now' },
  },
  key_source_back: {
    level: 'info',
    when: 'it gives its value again',
    fields: { key: 'as above', source: 'as above', after_ms: afterMs },
  },
  key_changed: {
    level: 'info',
    when: 'a source gave another value: calls that begin now are sent with it',
    fields: { key: 'its alias', source: 'the kind of the source' },
  },
  key_should_be_replaced: {
    level: 'warn',
    when: 'a key ends, or becomes older than it should, within 14 days; once a day',
    fields: { key: 'its alias', notice: 'what and when' },
  },
  key_ring_broken: {
    level: 'error',
    when: '[the key ring](keys.md#the-key-ring) holds a row that Postern did not write; whom it is for are refused',
    fields: { what: 'the key or the binding', reason },
  },
  issuer_unavailable: {
    level: 'error',
    when: 'whoever knows the callers cannot be asked',
    fields: { issuer: 'the address of its keys, or `forwardAuth`', reason },
  },
  issuer_available_again: { level: 'info', when: 'it answers again', fields: { issuer: 'as above', after_ms: afterMs } },
  'the backend does not answer': {
    level: 'warn',
    when: 'an outage of the backend begins',
    fields: { code: 'of [errors.md](errors.md)', cause: reason },
  },
  'the backend answers again': { level: 'info', when: 'it ends', fields: { after_ms: afterMs } },
  gateway_unavailable: {
    level: 'error',
    when: 'a gateway [does not answer](operations.md#what-is-lost)',
    fields: { gateway: 'its name in the configuration', reason },
  },
  gateway_available_again: {
    level: 'info',
    when: 'it answers again, or left the configuration',
    fields: { gateway: 'as above', after_ms: afterMs },
  },
  ledger_unavailable: { level: 'error', when: '[the ledger](usage.md) cannot be written', fields: { file, reason } },
  ledger_available_again: { level: 'info', when: 'it can be', fields: { file, lost: 'how many rows were lost' } },
  ledger_rows_lost: { level: 'error', when: 'rows are lost', fields: { file, lost: 'how many', reason } },
  ledger_begun_anew: { level: 'warn', when: 'its file is gone, and a new one was begun', fields: { file, reason } },
  metrics_unavailable: { level: 'error', when: 'metrics cannot be written, or their listener cannot be opened', fields: { reason } },
  spans_lost: { level: 'warn', when: 'the collector of spans does not take them', fields: { reason } },
  spans_sent_again: { level: 'info', when: 'it does', fields: {} },
  'no probe can be answered': {
    level: 'error',
    when: 'the listener for probes cannot be opened',
    fields: { port: 'its port', cause: reason },
  },
  'sockets that were passed to another process are not taken': {
    level: 'warn',
    when: '`LISTEN_PID` names another process',
    fields: { pid: 'of this one', for: 'of that one' },
  },
  'a gateway used more than was set aside for the call; the limit counts all of it': {
    level: 'error',
    when: 'a call was billed above what it could use by what it asked for',
    fields: { request_id: 'of the call', limit: 'where the rule stands', set_aside: 'amount and unit', booked: 'amount and unit' },
  },
  'what a gateway reported as the cost differs from limits.prices': {
    level: 'warn',
    when: 'by more than `difference`',
    fields: { request_id: 'of the call', reported: 'amount and unit', expected: 'amount and unit', difference: 'in hundredths' },
  },
  'reservations of a process that ended are booked in full': {
    level: 'warn',
    when: 'it did not book them itself',
    fields: { count: 'how many', first: 'the id of one' },
  },
  'calls of a process that ended are in the ledger as interrupted': {
    level: 'warn',
    when: 'it was killed while they were under way; each also has its line `request`',
    fields: { count: 'how many', first: 'the id of one' },
  },
  'the store has lost what it acknowledged': {
    level: 'error',
    when: 'a Redis was emptied or [put back to an earlier state](limits.md#a-redis-that-lost-writes); calls that limits count are refused',
    fields: { until: 'what ends that' },
  },
  'counts are used again': {
    level: 'warn',
    when: 'it is over',
    fields: { from: 'where the counts come from: `the ledger`, or `the store`, which may have counted more before' },
  },
  'a request has a header that is not read and is named nearly like one that is': {
    level: 'warn',
    when: 'a caller wrote a header nearly right; once for each',
    fields: { header: 'as it was written', meant: 'what is read' },
  },
  'closing what a configuration used failed': { level: 'warn', when: 'a configuration was refused', fields: { cause: reason } },
  'connections of an earlier configuration could not be closed': {
    level: 'warn',
    when: 'another one was taken',
    fields: { cause: reason },
  },
} as const satisfies Readonly<Record<string, LogRow>>
