import type { Choices } from '../choices.js'
import type { Fault } from '../fault.js'
import { show } from '../inputs/bytes.js'
import type { BatchResult, OpenTarget, Target } from '../target.js'
import { runInWorker } from './value-pool.js'

/** Calls what is tested, and times that alone. */
export type Call = <Result>(run: () => Result) => Result

/** Functions that take what strangers write. */
export interface ValueTargetOptions<Input> {
  readonly name: string
  readonly title: string
  readonly share: number
  readonly make: (choices: Choices) => Input
  /** Calls them; gives what of their promises does not hold. What it throws is a fault. */
  readonly check: (input: Input, call: Call) => Fault | undefined | Promise<Fault | undefined>
}

/** A target of functions, called in a thread of its own: what never ends is ended there. */
export interface ValueTarget extends Target {
  readonly check: (choices: Choices, call: Call) => Fault | undefined | Promise<Fault | undefined>
}

export function valueTarget<Input>({ name, title, share, make, check }: ValueTargetOptions<Input>): ValueTarget {
  const target: OpenTarget = {
    async run(inputs): Promise<BatchResult> {
      const { found, longestMs } = await runInWorker(
        name,
        inputs.map(({ source }) => source),
      )
      const each = inputs.map((choices, at): readonly Fault[] => {
        const faults = found.get(at)
        // Made here as well, so that its choices are written down.
        if (faults !== undefined) make(choices)
        return faults ?? []
      })
      return { each, together: [], longestTurnMs: longestMs }
    },
    describe: (choices) => showValue(make(choices)),
  }
  return {
    name,
    title,
    onSockets: false,
    share,
    batch: 4000,
    open: async () => target,
    check: (choices, call) => check(make(choices), call),
  }
}

function showValue(input: unknown): string {
  if (typeof input === 'string') return show([Buffer.from(input)])
  return Buffer.isBuffer(input) ? show([input]) : show([Buffer.from(JSON.stringify(input) ?? String(input))]).replaceAll('\\"', "'")
}

export function broken(what: string, detail?: string): Fault {
  return { kind: 'promise', what, ...(detail === undefined ? {} : { detail }) }
}
