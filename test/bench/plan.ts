import type { Pace } from './completion.js'

import { type Dimension, dimensions } from './dimensions.js'

interface RequestsPlan {
  readonly connections: number
  readonly warmup: number
  readonly seconds: number
  readonly rounds: number
  /** Requests that a warm-up and a round make at least, however long it takes: on a busy machine code would be measured that is not compiled yet. */
  readonly least: { readonly warmup: number; readonly round: number }
}

/** How much of everything is done in one run. Times are in seconds unless they say otherwise. */
export interface Plan {
  readonly json: RequestsPlan
  /** For a GET, and as long again for a POST. In short rounds: subjects that are compared shall be measured soon after each other. */
  readonly backend: RequestsPlan
  /** For each caller. Many short rounds: what is looked for is smaller than what the machine drifts in a long one. */
  readonly callers: RequestsPlan
  /** Checks in a round, of credentials that are good for any number of requests. */
  readonly identify: { readonly rounds: number; readonly checks: number }
  /** `bytes` of each text in a round. */
  readonly leak: { readonly rounds: number; readonly bytes: number }
  readonly telemetry: { readonly rounds: number; readonly calls: number }
  /** Calls without limits and under three rules, by turns, in each store. */
  readonly limits: { readonly rounds: number; readonly calls: number }
  /** For each size of the configuration. Many short rounds, as with callers. */
  readonly growth: RequestsPlan
  /** What grows along the charts. */
  readonly along: readonly Dimension['name'][]
  readonly revocation: { readonly callsPerSecond: number }
  readonly sse: {
    readonly streams: number
    /** Paced, so that a slow proxy is not rewarded for reading several events at once. */
    readonly pace: Pace
    readonly warmup: number
    readonly seconds: number
    readonly rounds: number
  }
  /** `warmup` and `streams` are numbers of streams on each way. */
  readonly ttft: { readonly pace: Pace; readonly warmup: number; readonly streams: number; readonly rounds: number }
  readonly memory: {
    readonly streams: number
    readonly pace: Pace
    /** Just long enough that all code is loaded: garbage of a longer one would hide what the streams hold. */
    readonly warmup: number
    /** From the first event of the last stream to reading the memory. */
    readonly settle: number
    readonly rounds: number
  }
  /** Streams that are held for so many seconds, with an event of each every so many milliseconds. */
  readonly held: { readonly streams: number; readonly interval: number; readonly seconds: number }
}

/** All but the length of requests, which grows by its nature and takes longest. */
const along = dimensions.map(({ name }) => name).filter((name) => name !== 'bodies')

export const fullPlan: Plan = {
  json: { connections: 32, warmup: 3, seconds: 4, rounds: 3, least: { warmup: 15_000, round: 2000 } },
  backend: { connections: 32, warmup: 2, seconds: 1, rounds: 7, least: { warmup: 10_000, round: 1000 } },
  callers: { connections: 32, warmup: 2, seconds: 1, rounds: 11, least: { warmup: 10_000, round: 1000 } },
  identify: { rounds: 5, checks: 200_000 },
  leak: { rounds: 7, bytes: 32 * 1024 * 1024 },
  telemetry: { rounds: 7, calls: 400_000 },
  limits: { rounds: 11, calls: 20_000 },
  growth: { connections: 32, warmup: 3, seconds: 1, rounds: 11, least: { warmup: 15_000, round: 1000 } },
  along,
  revocation: { callsPerSecond: 1000 },
  sse: { streams: 100, pace: { events: 200, interval: 10 }, warmup: 2.5, seconds: 3, rounds: 3 },
  ttft: { pace: { events: 3, interval: 0 }, warmup: 2000, streams: 1500, rounds: 3 },
  memory: { streams: 1000, pace: { events: 3600, interval: 1000 }, warmup: 0.05, settle: 2, rounds: 3 },
  held: { streams: 10_000, interval: 10_000, seconds: 300 },
}

/** Short rounds: enough to see that everything works and roughly where it stands. */
export const quickPlan: Plan = {
  json: { connections: 32, warmup: 0.8, seconds: 0.8, rounds: 3, least: { warmup: 4000, round: 500 } },
  backend: { connections: 32, warmup: 0.5, seconds: 0.35, rounds: 3, least: { warmup: 3000, round: 500 } },
  callers: { connections: 32, warmup: 1, seconds: 0.5, rounds: 7, least: { warmup: 3000, round: 500 } },
  identify: { rounds: 3, checks: 50_000 },
  leak: { rounds: 3, bytes: 8 * 1024 * 1024 },
  telemetry: { rounds: 3, calls: 100_000 },
  limits: { rounds: 5, calls: 5000 },
  growth: { connections: 32, warmup: 1, seconds: 0.5, rounds: 7, least: { warmup: 3000, round: 1000 } },
  along,
  revocation: { callsPerSecond: 1000 },
  sse: { streams: 100, pace: { events: 40, interval: 10 }, warmup: 0.3, seconds: 0.6, rounds: 3 },
  ttft: { pace: { events: 3, interval: 0 }, warmup: 300, streams: 500, rounds: 1 },
  memory: { streams: 300, pace: { events: 3600, interval: 1000 }, warmup: 0.05, settle: 0.7, rounds: 1 },
  held: { streams: 1000, interval: 1000, seconds: 10 },
}
