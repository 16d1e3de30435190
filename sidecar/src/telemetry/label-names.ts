import { type CheckedConfig, titleOfLimit } from '@postern/config'
import { errorCodes } from '@postern/protocol'
import { BoundedNames } from './bounded-names.js'

/** How many values labels have at most. */
const maxValues = { gateways: 100, keys: 500, models: 200, rules: 200, issuers: 50, units: 16 } as const

const codes: ReadonlySet<string> = new Set(Object.keys(errorCodes))

/** The parts of a configuration that give labels their values. */
export type Labelled = Pick<CheckedConfig, 'config' | 'prices'>

/** The values of labels: names of the configuration, and closed sets such as error codes. Users and workflows are not labels. */
export class LabelNames {
  readonly #current: () => Labelled
  readonly #keys = new BoundedNames(maxValues.keys)
  readonly #models = new BoundedNames(maxValues.models)
  readonly gateways = new BoundedNames(maxValues.gateways)
  readonly rules = new BoundedNames(maxValues.rules)
  readonly issuers = new BoundedNames(maxValues.issuers)
  readonly units = new BoundedNames(maxValues.units)

  /** @param current The configuration in use. */
  constructor(current: () => Labelled) {
    this.#current = current
    this.rules.allow(['session', 'maxCalls'])
    this.refresh()
  }

  /** Allows the names of the configuration in use. Names that an earlier configuration allowed stay allowed. */
  refresh(): void {
    const { config, prices } = this.#current()
    const { gateways, keys, policies, limits } = config
    const priced = prices?.prices ?? []
    this.gateways.allow(Object.keys(gateways))
    this.#keys.allow(firstOf(keys, maxValues.keys))
    this.#models.allow(priced.map(({ model }) => model))
    this.#models.allow([policies, ...policies.rules].flatMap(({ models = [] }) => models))
    this.#models.allow((limits?.rules ?? []).flatMap(({ model = [] }) => model))
    this.rules.allow((limits?.rules ?? []).map(titleOfLimit))
    this.issuers.allow(issuersOf(this.#current()))
    this.units.allow(['credits', 'USD', 'EUR', 'TRY', ...priced.map(({ unit }) => unit)])
  }

  /** The label of a key: its alias; `ring` if the configuration does not have the key. */
  key(alias: string | undefined): string {
    const label = this.#keys.labelOf(alias)
    if (label !== 'other' || alias === undefined) return label
    return Object.hasOwn(this.#current().config.keys, alias) ? label : 'ring'
  }

  /** The label of a model: the name that was asked for; if the configuration does not know that name, the name in the answer. */
  model(requested: string | undefined, answered: string | undefined): string {
    const asked = this.#models.labelOf(requested)
    if (answered === undefined || (asked !== 'other' && asked !== 'none')) return asked
    return this.#models.labelOf(answered)
  }

  code(code: string | undefined): string {
    if (code === undefined) return 'none'
    return codes.has(code) ? code : 'other'
  }
}

/** The class of a status, `2xx`. */
export function statusClass(status: number): string {
  return classes[Math.floor(status / 100)] ?? 'other'
}

const classes: readonly (string | undefined)[] = [undefined, '1xx', '2xx', '3xx', '4xx', '5xx']

/** The issuers of a configuration, by the names that events use: the URL of a key set, or `forwardAuth`. */
export function issuersOf({ config: { callers } }: Labelled): readonly string[] {
  const sets = [...(callers.jwt ?? []).map(({ jwks }) => jwks), ...(callers.session?.jwks === undefined ? [] : [callers.session.jwks])]
  const issuers = sets.map((text) => new URL(text)).map(({ origin, pathname }) => origin + pathname)
  return callers.forwardAuth === undefined ? issuers : [...issuers, 'forwardAuth']
}

/** The first names of a record of any size. */
function firstOf(record: Readonly<Record<string, unknown>>, count: number): string[] {
  const names: string[] = []
  for (const name in record) {
    if (names.length === count) break
    names.push(name)
  }
  return names
}
