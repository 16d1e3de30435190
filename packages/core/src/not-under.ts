import { Refusal } from './refusal.js'

/** What a request gets that leads to no endpoint of the API, which lies under this mount. */
export function notUnder(mount: string): Refusal {
  return new Refusal('not_found', { help: `The API lives under ${mount}/v1/.` })
}
