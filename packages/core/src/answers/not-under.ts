import { Refusal } from '@postern/ports'

/** The 404 `not_found` for a path that is not below `{mount}/v1/`; its help names that prefix. */
export function notUnder(mount: string): Refusal {
  return new Refusal('not_found', { help: `The API lives under ${mount}/v1/.` })
}
