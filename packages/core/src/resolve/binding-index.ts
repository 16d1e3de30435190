import {
  type BindingFields,
  type BindingShape,
  type BoundCaller,
  maxWorkflowChars,
  rankOf,
  shapesOfDelegated,
  shapesOfOwn,
} from '@postern/ports'

/** A binding that matches a caller. */
export interface FoundBinding<Binding> {
  readonly binding: Binding
  /** How specific it is for the caller: see `rankOf`. */
  readonly rank: number
}

/** The bindings of one shape, by the names that they give, with the pattern of workflows behind them. */
class Table<Binding> {
  readonly shape: BindingShape
  readonly #bindings = new Map<string, Binding>()
  /** The lengths of the beginnings in patterns, the longest first. */
  #lengths: readonly number[] = []

  constructor(shape: BindingShape) {
    this.shape = shape
  }

  get isEmpty(): boolean {
    return this.#bindings.size === 0
  }

  add(fields: BindingFields, binding: Binding): void {
    const names = namesOf(this.shape, fields) as string
    const { workflow = '' } = fields
    this.#bindings.set(names + workflow, binding)
    const length = workflow.length - 1
    if (!workflow.endsWith('*') || this.#lengths.includes(length)) return
    this.#lengths = [...this.#lengths, length].toSorted((one, other) => other - one)
  }

  /** @param place The place of the shape for this caller. */
  find(caller: BoundCaller, place: number): FoundBinding<Binding> | undefined {
    const names = namesOf(this.shape, caller)
    if (names === undefined) return undefined
    const { workflow } = caller
    if (!this.shape.workflow) return this.#at(names, place, undefined)
    if (workflow === undefined || workflow.length > maxWorkflowChars) return undefined
    const whole = this.#at(names + workflow, place, workflow)
    if (whole !== undefined) return whole
    for (const length of this.#lengths) {
      if (length > workflow.length) continue
      const pattern = `${workflow.slice(0, length)}*`
      const found = this.#at(names + pattern, place, pattern)
      if (found !== undefined) return found
    }
    return undefined
  }

  #at(key: string, place: number, pattern: string | undefined): FoundBinding<Binding> | undefined {
    const binding = this.#bindings.get(key)
    return binding === undefined ? undefined : { binding, rank: rankOf(place, pattern) }
  }
}

/**
 * Puts bindings into one map for each shape. A lookup asks each map once, and one with patterns of workflows once for each length of their
 * beginnings, 66 at most: it costs the same with ten bindings as with a million.
 *
 * @returns Finds the binding that counts for a caller; `undefined`: none matches.
 */
export function createBindingIndex<Binding extends BindingFields>(
  bindings: readonly Binding[],
): (caller: BoundCaller) => FoundBinding<Binding> | undefined {
  const tables = new Map(shapesOfOwn.map((shape) => [bitsOf(shape), new Table<Binding>(shape)]))
  for (const binding of bindings) tables.get(bitsOfBinding(binding))?.add(binding, binding)
  const inUse = (shapes: readonly BindingShape[]) =>
    shapes.flatMap((shape, place) => {
      const table = tables.get(bitsOf(shape))
      return table === undefined || table.isEmpty ? [] : [{ table, place }]
    })
  const own = inUse(shapesOfOwn)
  const delegated = inUse(shapesOfDelegated)
  return (caller) => {
    for (const { table, place } of caller.actsFor === true ? delegated : own) {
      const found = table.find(caller, place)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** The fields that a binding names as a number, with a bit for each. */
function bitsOfBinding({ service, user, project, team, workflow }: BindingFields): number {
  const fields = (service === undefined ? 0 : 1) | (user === undefined ? 0 : 2) | (project === undefined ? 0 : 4)
  return fields | (team === undefined ? 0 : 8) | (workflow === undefined ? 0 : 16)
}

/** The same for a shape. */
function bitsOf({ named, workflow }: BindingShape): number {
  const fields: BindingFields = Object.fromEntries(named.map((field) => [field, '']))
  return bitsOfBinding(workflow ? { ...fields, workflow: '' } : fields)
}

/** The names of the fields of a shape as one text, in one order; `undefined` if one of them is not there. No name has a line feed. */
function namesOf({ named, workflow }: BindingShape, fields: BindingFields): string | undefined {
  const [only] = named
  // As most bindings are: no text is put together.
  if (only !== undefined && named.length === 1 && !workflow) return fields[only]
  let names = ''
  for (const field of named) {
    const name = fields[field]
    if (name === undefined) return undefined
    names += `${name}\n`
  }
  return names
}
