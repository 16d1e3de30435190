/** A bound on what Postern may cost. */
export interface Goal {
  readonly title: string
  /** `×` for a ratio of Postern to a reference in the same round, `ms` and `µs` for a difference or a cost, `calls` for a count. */
  readonly unit: '×' | 'ms' | 'µs' | 'calls'
  /** The most that passes today. */
  readonly atMost: number
  /** Where it shall end. */
  readonly final: number
  /** Whether missing it fails the run. Only ratios of CPU time gate: they hold on a busy machine, times and small differences do not; and that nobody is let in late. */
  readonly gates: boolean
}

/**
 * The goals of the benchmark. Postern runs as an operator runs it, by its own command and from a configuration file, with nothing
 * turned off.
 *
 * A JSON request is held against the fastest proxy Node allows and against what people write by hand; a request for the backend
 * against the former; an event of a stream and the
 * memory of an open stream against the bare Node pipe; the time to the first token against the upstream asked directly.
 */
export const goals = {
  jsonOverBareLimit: { title: 'CPU per JSON request, Postern / bare limit', unit: '×', atMost: 2, final: 1.5, gates: true },
  jsonOverExpress: { title: 'CPU per JSON request, Postern / Express stack', unit: '×', atMost: 0.5, final: 1 / 3, gates: true },
  pageOverBareLimit: { title: 'CPU per GET passed to the backend, Postern / bare limit', unit: '×', atMost: 1.5, final: 1.5, gates: true },
  formOverBareLimit: { title: 'CPU per POST passed to the backend, Postern / bare limit', unit: '×', atMost: 1.5, final: 1.5, gates: true },
  sessionCheck: { title: 'CPU of checking a session token that is known', unit: 'µs', atMost: 3, final: 3, gates: false },
  jwtCheck: { title: 'CPU of checking a JWT that is known', unit: 'µs', atMost: 3, final: 3, gates: false },
  leakSearch: { title: 'CPU of searching a JSON answer for keys', unit: 'µs', atMost: 2, final: 1, gates: false },
  leakGrowth: { title: 'CPU of that search, 100,000 keys loaded / 1', unit: '×', atMost: 2, final: 1.5, gates: true },
  metrics: { title: 'CPU of counting a call for metrics', unit: 'µs', atMost: 3, final: 3, gates: false },
  growthOfRequests: {
    title: 'CPU per JSON request, 100,000 keys and 10,000 rules / 10 of each',
    unit: '×',
    atMost: 1.1,
    final: 1.1,
    gates: true,
  },
  startWithKeys: {
    title: 'start with 100,000 keys in a JSON file, to the first answer',
    unit: 'ms',
    atMost: 2000,
    final: 2000,
    gates: false,
  },
  revocationLate: { title: 'calls let in a second after their session was revoked', unit: 'calls', atMost: 0, final: 0, gates: true },
  sseOverBarePipe: { title: 'CPU per SSE event, Postern / bare pipe', unit: '×', atMost: 1.3, final: 1.15, gates: true },
  ttftMedian: { title: 'added time to first token, p50', unit: 'ms', atMost: 0.3, final: 0.3, gates: false },
  ttftTail: { title: 'added time to first token, p99', unit: 'ms', atMost: 1, final: 1, gates: false },
  memoryOverBarePipe: { title: 'memory per open stream, Postern / bare pipe', unit: '×', atMost: 1.2, final: 1.2, gates: false },
} as const satisfies Record<string, Goal>

export type GoalName = keyof typeof goals
