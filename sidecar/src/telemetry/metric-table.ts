/** A metric that is exported. `docs/metrics.md` is made from these. */
export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly unit: string
  readonly help: string
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[]
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300]
const firstTokenSeconds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const gapSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const overheadSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5]
const tokenCounts = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864]

const ofKey = ['gateway', 'key', 'model'] as const

/**
 * What is counted. Durations, tokens and the first token have the names of OpenTelemetry's HTTP and gen_ai conventions, as Prometheus spells
 * them; a metric for which no convention has a name begins with `postern_`.
 */
export const metricTable = {
  calls: {
    name: 'postern_calls_total',
    type: 'counter',
    labels: [...ofKey, 'status', 'code'],
    unit: 'calls',
    help: 'Calls that ended, or were refused.',
  },
  ownRequests: {
    name: 'postern_own_requests_total',
    type: 'counter',
    labels: ['status', 'code'],
    unit: 'requests',
    help: 'Requests that asked Postern itself: for a session, for limits, or at the admin listener. They are no calls.',
  },
  endings: {
    name: 'postern_call_endings_total',
    type: 'counter',
    labels: ['gateway', 'finish'],
    unit: 'calls',
    help: 'The same calls by how they ended, such as complete, truncated or client_closed.',
  },
  duration: {
    name: 'http_server_request_duration_seconds',
    type: 'histogram',
    labels: ['gateway', 'status'],
    unit: 'seconds',
    help: 'From the arrival of a call to the end of its answer.',
    buckets: seconds,
  },
  active: {
    name: 'http_server_active_requests',
    type: 'gauge',
    labels: ['gateway'],
    unit: 'calls',
    help: 'Calls that a key was chosen for and that have not ended.',
  },
  overhead: {
    name: 'postern_overhead_seconds',
    type: 'histogram',
    labels: ['gateway'],
    unit: 'seconds',
    help: 'What Postern itself took of a call, without waiting for the client, a queue, the store or the gateway.',
    buckets: overheadSeconds,
  },
  tokens: {
    name: 'postern_tokens_total',
    type: 'counter',
    labels: [...ofKey, 'type'],
    unit: 'tokens',
    help: 'Tokens that gateways reported: input, output, cached (of the input) or reasoning (of the output).',
  },
  tokenUsage: {
    name: 'gen_ai_client_token_usage',
    type: 'histogram',
    labels: ['gateway', 'model', 'type'],
    unit: 'tokens',
    help: 'Tokens of one call that the gateway reported: input or output.',
    buckets: tokenCounts,
  },
  cost: {
    name: 'postern_cost_total',
    type: 'counter',
    labels: [...ofKey, 'unit'],
    unit: 'the label unit',
    help: 'What gateways reported as the cost of calls, in the unit of the key.',
  },
  firstToken: {
    name: 'gen_ai_server_time_to_first_token_seconds',
    type: 'histogram',
    labels: ['gateway', 'model'],
    unit: 'seconds',
    help: 'From the arrival of a call to the first bytes of its stream of events.',
    buckets: firstTokenSeconds,
  },
  largestGap: {
    name: 'postern_stream_largest_gap_seconds',
    type: 'histogram',
    labels: ['gateway'],
    unit: 'seconds',
    help: 'The longest that a stream of events was silent between two pieces; one observation a stream of two pieces or more.',
    buckets: gapSeconds,
  },
  meanGap: {
    name: 'postern_stream_mean_gap_seconds',
    type: 'histogram',
    labels: ['gateway'],
    unit: 'seconds',
    help: 'How long a stream of events was silent between two pieces on average; one observation a stream of two pieces or more.',
    buckets: gapSeconds,
  },
  openStreams: {
    name: 'postern_open_streams',
    type: 'gauge',
    labels: ['gateway'],
    unit: 'streams',
    help: 'Streams of events that gateways are sending.',
  },
  attempts: {
    name: 'postern_attempts_failed_total',
    type: 'counter',
    labels: ['gateway', 'key', 'code'],
    unit: 'attempts',
    help: 'Attempts at a gateway that failed, also if another attempt followed.',
  },
  queue: {
    name: 'postern_queue_waiting',
    type: 'gauge',
    labels: ['gateway'],
    unit: 'calls',
    help: 'Calls that wait for their turn at a gateway that counts calls by address.',
  },
  queueWait: {
    name: 'postern_queue_wait_seconds',
    type: 'histogram',
    labels: ['gateway', 'result'],
    unit: 'seconds',
    help: 'How long such calls waited, until they had their turn (granted) or were given up (given_up).',
    buckets: seconds,
  },
  reservations: {
    name: 'postern_reservations_total',
    type: 'counter',
    labels: ['rule'],
    unit: 'calls',
    help: 'Calls that set something aside under a limit, by the name of its rule.',
  },
  openReservations: {
    name: 'postern_reservations_open',
    type: 'gauge',
    labels: ['rule'],
    unit: 'calls',
    help: 'Those of them that have not ended.',
  },
  limitRefusals: {
    name: 'postern_limit_refusals_total',
    type: 'counter',
    labels: ['rule', 'code'],
    unit: 'calls',
    help: 'Calls that a limit did not let through, by the name of its rule.',
  },
  booked: {
    name: 'postern_booked_total',
    type: 'counter',
    labels: ['by'],
    unit: 'calls',
    help: 'Calls that were booked under limits of tokens or money, by where the amount comes from.',
  },
  rejectedKeys: {
    name: 'postern_keys_rejected_total',
    type: 'counter',
    labels: ['gateway', 'key'],
    unit: 'attempts',
    help: 'Attempts in which a gateway refused the key that Postern holds.',
  },
  leaks: {
    name: 'postern_leaks_found_total',
    type: 'counter',
    labels: ['key'],
    unit: 'calls',
    help: 'Answers that held a key, by the alias of that key. No client got it.',
  },
  storeUp: {
    name: 'postern_store_up',
    type: 'gauge',
    labels: [],
    unit: '1 or 0',
    help: 'Whether the store answers.',
  },
  ledgerUp: {
    name: 'postern_ledger_up',
    type: 'gauge',
    labels: [],
    unit: '1 or 0',
    help: 'Whether the ledger can be written; without a ledger there is no series.',
  },
  gatewayUp: {
    name: 'postern_gateway_up',
    type: 'gauge',
    labels: ['gateway'],
    unit: '1 or 0',
    help: 'Whether a gateway answers.',
  },
  issuerUp: {
    name: 'postern_issuer_up',
    type: 'gauge',
    labels: ['issuer'],
    unit: '1 or 0',
    help: 'Whether an issuer answered when it was last asked: the address of its keys, or forwardAuth.',
  },
  backendUp: {
    name: 'postern_backend_up',
    type: 'gauge',
    labels: [],
    unit: '1 or 0',
    help: 'Whether the backend answers requests; without a backend there is no series.',
  },
  backendRequests: {
    name: 'postern_backend_requests_total',
    type: 'counter',
    labels: ['status', 'code'],
    unit: 'requests',
    help: 'Requests to the backend that ended; with a code where Postern answered in its place, or broke its answer off.',
  },
  backendDuration: {
    name: 'postern_backend_request_duration_seconds',
    type: 'histogram',
    labels: ['status'],
    unit: 'seconds',
    help: 'From the arrival of a request to the backend to the end of its answer.',
    buckets: seconds,
  },
  reloads: {
    name: 'postern_reloads_total',
    type: 'counter',
    labels: ['by', 'result'],
    unit: 'reloads',
    help: 'Configurations that were read again, by what asked for it, and whether they were taken or refused.',
  },
} as const satisfies Readonly<Record<string, Metric>>
