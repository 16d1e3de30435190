import type { LedgerEntry } from '@postern/ports'
import type { Families } from './families.js'
import type { Count, Observations, Sum } from './family.js'
import { type LabelNames, statusClass } from './label-names.js'

type Usage = NonNullable<LedgerEntry['usage']>

/** The series of one gateway, key and model. Each is looked up when it is first counted in, and kept. */
export class CallCells {
  readonly #families: Families
  readonly #names: LabelNames
  readonly #labels: readonly [gateway: string, key: string, model: string]
  /** By code, and then by the first digit of the status. */
  readonly #calls = new Map<string | undefined, (Count | undefined)[]>()
  readonly #tokens: Partial<Record<keyof Usage, Count>> = {}
  readonly #costs = new Map<string, Sum>()
  #input: Observations | undefined
  #output: Observations | undefined
  #firstToken: Observations | undefined

  constructor(families: Families, names: LabelNames, gateway: string, key: string, model: string) {
    this.#families = families
    this.#names = names
    this.#labels = [gateway, key, model]
  }

  ended({ code, status, usage, cost }: LedgerEntry): void {
    let byStatus = this.#calls.get(code)
    if (byStatus === undefined) {
      byStatus = []
      // Codes are a closed set. An unknown code is not kept, since a gateway may send any number of them.
      if (this.#names.code(code) !== 'other') this.#calls.set(code, byStatus)
    }
    const count = (byStatus[Math.floor(status / 100)] ??= this.#families.calls.of(
      ...this.#labels,
      statusClass(status),
      this.#names.code(code),
    ))
    count.value += 1
    if (usage !== undefined) this.#used(usage)
    if (cost !== undefined) this.#cost(cost.unit).add(cost.amount)
  }

  /** The first bytes of a stream came. */
  heardFirst(seconds: number): void {
    const [gateway, , model] = this.#labels
    this.#firstToken ??= this.#families.firstToken.of(gateway, model)
    this.#firstToken.observe(seconds)
  }

  #used(usage: Usage): void {
    const [gateway, , model] = this.#labels
    const { tokenUsage } = this.#families
    if (usage.input !== undefined) (this.#input ??= tokenUsage.of(gateway, model, 'input')).observe(usage.input)
    if (usage.output !== undefined) (this.#output ??= tokenUsage.of(gateway, model, 'output')).observe(usage.output)
    for (const type of tokenTypes) {
      const count = usage[type]
      if (count !== undefined) (this.#tokens[type] ??= this.#families.tokens.of(...this.#labels, type)).value += count
    }
  }

  #cost(unit: string): Sum {
    const label = this.#names.units.labelOf(unit)
    let count = this.#costs.get(label)
    if (count === undefined) this.#costs.set(label, (count = this.#families.cost.of(...this.#labels, label)))
    return count
  }
}

const tokenTypes = ['input', 'output', 'cached', 'reasoning'] as const
