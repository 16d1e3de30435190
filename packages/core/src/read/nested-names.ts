import { Refusal } from '@postern/ports'
import { namesIn } from '../lib/query-names.js'

/** The most names in the name of one field or parameter: `a[b].c` has three. No API nests deeper. */
const maxNames = 8

/**
 * The most names in those of all fields of a form, or of all parameters of a query. Each is looked at by every rule, and all of
 * those that come in one piece within one turn of the event loop.
 */
const maxNamesInAll = 1000

/** Counts the names that one form or one query nests, as servers read them that split a name at brackets and dots. */
export class NestedNames {
  #count = 0

  /**
   * @returns The names in a name, from the outermost. Numbers and the empty text are positions in a list.
   * @throws {Refusal} 400 `request_malformed` if the name nests too many, or this one and those before it are too many.
   */
  read(name: string): readonly string[] {
    const names = namesIn(name)
    const count = names.filter((each) => each !== '').length
    this.#count += Math.max(1, count)
    if (count > maxNames) throw malformed(`The name of a field or parameter nests more than ${maxNames} names: ${name.slice(0, 64)}`)
    if (this.#count > maxNamesInAll) throw malformed(`The names of all fields or parameters are more than ${maxNamesInAll}.`)
    return names
  }
}

function malformed(message: string): Refusal {
  return new Refusal('request_malformed', { message })
}
