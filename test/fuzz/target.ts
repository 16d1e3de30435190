import type { Choices } from './choices.js'
import type { Fault } from './fault.js'
import type { Stand } from './stand/stand.js'

/** What a batch of inputs showed. */
export interface BatchResult {
  /** Of each input, in order. */
  readonly each: readonly (readonly Fault[])[]
  /** What shows only in the process as a whole, and could be any input's. */
  readonly together: readonly Fault[]
  /** The longest turn of the loop that read an input, in milliseconds. */
  readonly longestTurnMs: number
}

/** A place that inputs are thrown at. */
export interface Target {
  /** As `--only` takes it. */
  readonly name: string
  /** For the report. */
  readonly title: string
  /** Whether it is a process, reached through sockets; otherwise it is functions, called here. */
  readonly onSockets: boolean
  /** Its share of all inputs, beside the shares of the others. */
  readonly share: number
  /** Inputs that are thrown together. */
  readonly batch: number
  /** Opens what the inputs are thrown at. */
  open(context: Context): Promise<OpenTarget>
}

export interface Context {
  readonly seed: number
  /** The processes and the servers around them; opened by whoever asks first. */
  stand(): Promise<Stand>
}

export interface OpenTarget {
  run(inputs: readonly Choices[]): Promise<BatchResult>
  /** The input for a person to read. */
  describe(choices: Choices): string
  /** Whether everything is back to where it was; called now and then, with nothing under way. */
  settle?(): Promise<readonly Fault[]>
}
