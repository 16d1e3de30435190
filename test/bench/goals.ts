/** What passes, and where it shall end. */
export interface Bound {
  /** The most that passes today. */
  readonly atMost: number
  /** Where it shall end. */
  readonly final: number
}

/** A bound on what Postern may cost. */
export interface Goal {
  readonly title: string
  /** `×` for a ratio of Postern to a reference in the same round, `ms` and `µs` for a difference or a cost, `calls` for a count. */
  readonly unit: '×' | 'ms' | 'µs' | 'calls'
  readonly bound: Bound
  /** What holds from Node 24 on, where what Express and others cost is less than before. Default: `bound`. */
  readonly since24?: Bound
  /** Whether missing it fails the run. Only ratios of CPU time gate: they hold on a busy machine, times and small differences do not; and that nobody is let in late. */
  readonly gates: boolean
}

/** What is flat: a tenth is what rounds differ by. */
const flat: Bound = { atMost: 1.1, final: 1.1 }

/**
 * The goals of the benchmark. Postern runs as an operator runs it, by its own command and from a configuration file, with nothing
 * turned off.
 *
 * A JSON request is held against the fastest proxy Node allows, against proxies that do nothing else and against what people would
 * write by hand; a request for the backend against the first; an event of a stream and the memory of an open stream against the bare
 * Node pipe; the time to the first token against the upstream asked directly.
 */
export const goals = {
  jsonOverBareLimit: {
    title: 'CPU per JSON request, Postern / bare limit',
    unit: '×',
    bound: { atMost: 2, final: 1.5 },
    since24: { atMost: 1.8, final: 1.35 },
    gates: true,
  },
  jsonOverExpress: {
    title: 'CPU per JSON request, Postern / Express stack',
    unit: '×',
    bound: { atMost: 0.5, final: 1 / 3 },
    since24: { atMost: 1.1, final: 0.85 },
    gates: true,
  },
  jsonOverReplyFrom: {
    title: 'CPU per JSON request, Postern / Fastify reply-from',
    unit: '×',
    bound: { atMost: 1.1, final: 0.85 },
    gates: true,
  },
  jsonOverByHand: {
    title: 'CPU per JSON request, Postern / the stack that does the same by hand',
    unit: '×',
    bound: { atMost: 0.6, final: 0.25 },
    since24: { atMost: 0.9, final: 0.5 },
    gates: true,
  },
  jsonOverPortkey: {
    title: 'CPU per JSON request, Postern / Portkey’s gateway',
    unit: '×',
    bound: { atMost: 0.25, final: 1 / 12 },
    since24: { atMost: 0.25, final: 1 / 8 },
    gates: false,
  },
  pageOverBareLimit: {
    title: 'CPU per GET passed to the backend, Postern / bare limit',
    unit: '×',
    bound: { atMost: 1.5, final: 1.5 },
    gates: true,
  },
  formOverBareLimit: {
    title: 'CPU per POST passed to the backend, Postern / bare limit',
    unit: '×',
    bound: { atMost: 1.5, final: 1.5 },
    gates: true,
  },
  sessionCheck: { title: 'CPU of checking a session token that is known', unit: 'µs', bound: { atMost: 3, final: 3 }, gates: false },
  jwtCheck: { title: 'CPU of checking a JWT that is known', unit: 'µs', bound: { atMost: 3, final: 3 }, gates: false },
  leakSearch: { title: 'CPU of searching a JSON answer for keys', unit: 'µs', bound: { atMost: 2, final: 1 }, gates: false },
  leakGrowth: { title: 'CPU of that search, 100,000 keys loaded / 1', unit: '×', bound: { atMost: 2, final: 1.5 }, gates: true },
  metrics: { title: 'CPU of counting a call for metrics', unit: 'µs', bound: { atMost: 3, final: 3 }, gates: false },
  limitsInMemory: { title: 'CPU that three rules add to a call, in memory', unit: 'µs', bound: { atMost: 6, final: 6 }, gates: false },
  limitsOnSqlite: { title: 'CPU that three rules add to a call, on SQLite', unit: 'µs', bound: { atMost: 15, final: 15 }, gates: false },
  growthOfRequests: {
    title: 'CPU per JSON request, 100,000 keys and 10,000 rules / 10 of each',
    unit: '×',
    bound: { atMost: 1.1, final: 1.1 },
    gates: true,
  },
  startWithKeys: {
    title: 'start with 100,000 keys in a JSON file, to the first answer',
    unit: 'ms',
    bound: { atMost: 2000, final: 2000 },
    gates: false,
  },
  revocationLate: {
    title: 'calls let in a second after their session was revoked',
    unit: 'calls',
    bound: { atMost: 0, final: 0 },
    gates: true,
  },
  sseOverBarePipe: {
    title: 'CPU per SSE event, Postern / bare pipe',
    unit: '×',
    bound: { atMost: 1.3, final: 1.15 },
    gates: true,
  },
  ttftMedian: { title: 'added time to first token, p50', unit: 'ms', bound: { atMost: 0.3, final: 0.2 }, gates: false },
  ttftTail: {
    title: 'added time to first token, p99, Postern / bare limit',
    unit: '×',
    bound: { atMost: 2, final: 1.25 },
    gates: false,
  },
  ttftMedianOverLimit: {
    title: 'added time to first token, p50, Postern / bare limit',
    unit: '×',
    bound: { atMost: 2, final: 1.25 },
    gates: false,
  },
  heldAdded: {
    title: 'events of held streams, late at p50, Postern more than the bare limit',
    unit: 'ms',
    bound: { atMost: 1, final: 0.2 },
    gates: false,
  },
  heldLate: {
    title: 'events of held streams, late at p99, Postern / bare limit',
    unit: '×',
    bound: { atMost: 2, final: 1.25 },
    gates: false,
  },
  heldMemory: {
    title: 'memory per held stream at the end, Postern / bare limit',
    unit: '×',
    bound: { atMost: 1.5, final: 1.5 },
    gates: false,
  },
  workersCost: {
    title: 'CPU per JSON request, two workers and their primary / one process',
    unit: '×',
    bound: { atMost: 1.25, final: 1.11 },
    gates: false,
  },
  workersCostShared: {
    title: 'the same, with a limit and a ledger',
    unit: '×',
    bound: { atMost: 1.5, final: 1.11 },
    gates: false,
  },
  growthAlongKeys: { title: 'CPU per JSON request, 100,000 keys / 10', unit: '×', bound: flat, gates: false },
  growthAlongRules: { title: 'CPU per JSON request, 10,000 rules / 10', unit: '×', bound: flat, gates: false },
  growthAlongTenants: { title: 'CPU per JSON request, 10,000 tenants / 10', unit: '×', bound: flat, gates: false },
  growthAlongLimits: { title: 'CPU per JSON request, 10,000 limits / 10', unit: '×', bound: flat, gates: false },
  growthAlongStreams: { title: 'CPU per JSON request, 10,000 silent streams / 1', unit: '×', bound: flat, gates: false },
  memoryOverBareLimit: {
    title: 'memory per open stream, Postern / bare limit',
    unit: '×',
    bound: { atMost: 1.5, final: 1.5 },
    gates: false,
  },
  memoryOverBarePipe: {
    title: 'memory per open stream, Postern / bare pipe',
    unit: '×',
    bound: { atMost: 1.2, final: 1.2 },
    gates: false,
  },
} as const satisfies Record<string, Goal>

export type GoalName = keyof typeof goals

/** The bound of a goal under a line of Node. */
export function boundOf(goal: Goal, major: number): Bound {
  return major >= 24 ? (goal.since24 ?? goal.bound) : goal.bound
}
