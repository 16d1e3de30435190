import type { Finish } from '@postern/protocol'
import type { Families } from './families.js'
import type { Count, Observations } from './family.js'
import { statusClass } from './label-names.js'

/** The series of one gateway. Each is looked up when it is first counted in, and kept. */
export class GatewayCells {
  readonly #families: Families
  readonly #name: string
  readonly #durations: (Observations | undefined)[] = []
  readonly #endings = new Map<Finish | undefined, Count>()
  readonly active: Count
  #openStreams: Count | undefined
  #queue: Count | undefined
  readonly overhead: Observations
  #largestGap: Observations | undefined
  #meanGap: Observations | undefined
  #granted: Observations | undefined
  #givenUp: Observations | undefined

  constructor(families: Families, name: string) {
    this.#families = families
    this.#name = name
    this.active = families.active.of(name)
    this.overhead = families.overhead.of(name)
  }

  /** The durations of calls whose status is of this class. */
  duration(status: number): Observations {
    const place = Math.floor(status / 100)
    return (this.#durations[place] ??= this.#families.duration.of(this.#name, statusClass(status)))
  }

  ending(finish: Finish | undefined): Count {
    let count = this.#endings.get(finish)
    if (count === undefined) this.#endings.set(finish, (count = this.#families.endings.of(this.#name, finish ?? 'none')))
    return count
  }

  get openStreams(): Count {
    return (this.#openStreams ??= this.#families.openStreams.of(this.#name))
  }

  get queue(): Count {
    return (this.#queue ??= this.#families.queue.of(this.#name))
  }

  get largestGap(): Observations {
    return (this.#largestGap ??= this.#families.largestGap.of(this.#name))
  }

  get meanGap(): Observations {
    return (this.#meanGap ??= this.#families.meanGap.of(this.#name))
  }

  get granted(): Observations {
    return (this.#granted ??= this.#families.queueWait.of(this.#name, 'granted'))
  }

  get givenUp(): Observations {
    return (this.#givenUp ??= this.#families.queueWait.of(this.#name, 'given_up'))
  }
}
