import { Choices, writeChoices } from './choices.js'
import { type Fault, type Finding, signatureOf } from './fault.js'
import { shrink } from './shrink.js'
import type { OpenTarget, Target } from './target.js'

/** How often it is tried to make an input smaller; a process that must be started again for each try gets less. */
const tries = { value: 600, socket: 150, crash: 40 }

/** How often a fault that depends on time must come again, of so many times, before it is one. */
const repeats = { wanted: 3, of: 3 }

/** One thrown input: its number under the seed, and its choices. */
export interface Thrown {
  readonly index: number | undefined
  readonly made: readonly number[]
}

/** Finds which input of a batch shows a fault, and the smallest that does. */
export interface Pursuit {
  /** Of an input that showed a fault by itself; `undefined` where a fault that depends on time does not come again. */
  ofOne(fault: Fault, thrown: Thrown): Promise<Finding | undefined>
  /** Of a batch that showed a fault. */
  ofBatch(fault: Fault, batch: readonly Thrown[]): Promise<Finding | undefined>
}

/** @param shrinkMs How long it may take to make one input smaller. */
export function createPursuit(target: Target, open: OpenTarget, shrinkMs: number): Pursuit {
  /** Whether these inputs, and no others, show the fault. */
  async function shows(fault: Fault, batch: readonly (readonly number[])[]): Promise<Fault | undefined> {
    const { each, together } = await open.run(batch.map((made) => Choices.replayed(made)))
    return [...each.flat(), ...together].find((other) => signatureOf(other) === signatureOf(fault))
  }

  async function repeatsIn(fault: Fault, made: readonly number[]): Promise<Fault | undefined> {
    let last: Fault | undefined
    let seen = 0
    for (let time = 0; time < repeats.of; time += 1) {
      const again = await shows(fault, [made])
      if (again !== undefined) {
        seen += 1
        last = again
      } else if (repeats.of - time - 1 + seen < repeats.wanted) return undefined
    }
    return seen >= repeats.wanted ? last : undefined
  }

  async function smallest(fault: Fault, { index, made }: Thrown): Promise<Finding> {
    const most = !target.onSockets ? tries.value : fault.kind === 'crash' ? tries.crash : tries.socket
    const fails = async (candidate: readonly number[]): Promise<boolean> => (await shows(fault, [candidate])) !== undefined
    const shrunk = await shrink(made, fails, { tries: most, ms: fault.kind === 'crash' ? 3 * shrinkMs : shrinkMs })
    const last = (await shows(fault, [shrunk])) ?? fault
    return {
      target: target.name,
      fault: last,
      index,
      replay: writeChoices(shrunk),
      input: open.describe(Choices.replayed(shrunk)),
      times: 1,
    }
  }

  /** Where no single input shows it, that is all that can be told. */
  function unlocated(fault: Fault): Finding | undefined {
    return dependsOnTime(fault)
      ? undefined
      : { target: target.name, fault, index: undefined, replay: undefined, input: undefined, times: 1 }
  }

  return {
    async ofOne(fault, thrown) {
      const again = dependsOnTime(fault) ? await repeatsIn(fault, thrown.made) : await shows(fault, [thrown.made])
      if (again !== undefined) return smallest(again, thrown)
      return dependsOnTime(fault)
        ? undefined
        : {
            target: target.name,
            fault,
            index: thrown.index,
            replay: writeChoices(thrown.made),
            input: open.describe(Choices.replayed(thrown.made)),
            times: 1,
          }
    },
    async ofBatch(fault, batch) {
      let suspects = batch
      while (suspects.length > 1) {
        const half = suspects.slice(0, suspects.length >> 1)
        if (
          (await shows(
            fault,
            half.map(({ made }) => made),
          )) !== undefined
        )
          suspects = half
        else suspects = suspects.slice(half.length)
      }
      const [suspect] = suspects
      if (suspect === undefined) return unlocated(fault)
      const again = dependsOnTime(fault) ? await repeatsIn(fault, suspect.made) : await shows(fault, [suspect.made])
      return again === undefined ? unlocated(fault) : smallest(again, suspect)
    },
  }
}

/** Whether a busy machine alone could show it once. */
function dependsOnTime({ kind, what }: Fault): boolean {
  return kind === 'stall' || kind === 'left open' || kind === 'canary' || what === 'no answer to a request'
}
