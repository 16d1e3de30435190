import type { RequestsJob } from './job.js'
import { renderRequest } from './request.js'

/** Gives the requests of a load, one for each set of credentials, in turn. */
export class RequestSource {
  readonly #requests: readonly Buffer[]
  readonly #once: boolean
  #given = 0

  constructor({ target, kind, bytes }: RequestsJob) {
    this.#requests = target.credentials.sets.map((credential) => renderRequest(target, credential, kind, undefined, bytes))
    this.#once = target.credentials.once
  }

  /** The next, or undefined when each was good for one request only and all are used. */
  next(): Buffer | undefined {
    if (this.#once && this.#given >= this.#requests.length) return undefined
    const request = this.#requests[this.#given % this.#requests.length]
    this.#given += 1
    return request
  }
}
