/** How much is kept so that repeated calls can join, and for how long. */
export interface JoinBounds {
  /** How long a call goes on after its last client has left, in milliseconds. */
  readonly graceMs: number
  /** How long an answer is kept after its end, in milliseconds, and for how long its key is then not free for another call. */
  readonly keptMs: number
  /** The largest answer that can be joined, in bytes. */
  readonly answerBytes: number
  /** The most bytes of answers that are kept of one caller, and of all together. */
  readonly callerBytes: number
  readonly bytes: number
  /** The most calls that can be joined, of one caller and of all together: those under way, and those whose answers are kept. */
  readonly callerCalls: number
  readonly calls: number
  /** The most calls that go on without a client, of one caller and of all together. */
  readonly callerLingering: number
  readonly lingering: number
}

const mebibyte = 1024 * 1024

export const defaultJoinBounds: JoinBounds = {
  graceMs: 60_000,
  keptMs: 600_000,
  answerBytes: 4 * mebibyte,
  callerBytes: 16 * mebibyte,
  bytes: 64 * mebibyte,
  callerCalls: 1000,
  calls: 20_000,
  callerLingering: 32,
  lingering: 500,
}
