import type { Config } from '@postern/config'
import type { LiveCalls } from '@postern/instance'
import type { Link } from '@postern/stores/channel'
import type { PassedSockets } from '../restart/passed-sockets.js'
import type { ReadinessState } from '../readiness/readiness.js'
import type { Snapshot } from '../telemetry/snapshot.js'
import type { PackedConfig } from './packed-config.js'

/** What a worker begins with. */
export interface Beginning {
  readonly config: PackedConfig
  /** The sockets that were passed to the primary. */
  readonly sockets: PassedSockets
}

/** What the primary asks a worker, and the answers. */
export interface WorkerQuestions {
  /** Opens what serves callers. @returns The address of the data listener. */
  begin(beginning: Beginning): Promise<string>
  /** Takes another configuration, which the primary has taken. */
  take(config: PackedConfig): Promise<void>
  readiness(): Promise<ReadinessState>
  /** What was counted since the worker began. `undefined`: nothing is counted. */
  counted(): Promise<Snapshot | undefined>
  liveCalls(most: number, team: string | undefined): Promise<LiveCalls>
  /** Accepts no further connection, takes last calls for so many milliseconds, and refuses every call from then on. */
  leave(takenMs: number): Promise<void>
  /** Lets calls end until the deadline, then ends them; then writes what is to be written. @returns Whether all ended in time. */
  end(deadlineMs: number): Promise<boolean>
}

/** What a worker asks the primary, besides its store. */
export interface PrimaryQuestions {
  /** Writes whole lines into the log. */
  lines(text: string): void
  /** Counts one more failed authentication of an address. @returns How long its client should wait, in seconds; 0: not at all. */
  failed(settings: Config['failedAuthentication'], address: string): Promise<number>
}

/** Asks the process at the other end of a link. */
export type Ask<Questions> = <Name extends keyof Questions & string>(
  name: Name,
  args: Questions[Name] extends (...args: infer Args) => unknown ? Args : never,
  atMostMs: number,
) => Questions[Name] extends (...args: never[]) => infer Answer ? Promise<Awaited<Answer>> : never

export function askOver<Questions>(link: Link): Ask<Questions> {
  return ((name: string, args: readonly unknown[], atMostMs: number) => link.ask(name, args, atMostMs)) as unknown as Ask<Questions>
}

/** Answers what the process at the other end of a link asks. */
export function answerOver(link: Link, answers: WorkerQuestions | PrimaryQuestions): void {
  for (const [name, give] of Object.entries(answers)) link.answer(name, give as (...args: never[]) => unknown)
}
