import { dialects, type Endpoints } from '@postern/gateways'
import { Refusal } from '@postern/ports'

/** Endpoints of the built-in dialects that have no id in their path: what a client means that asks for a path ending in one. */
const known = new Set(
  Object.values(dialects)
    .flatMap(({ endpoints }: { readonly endpoints: Endpoints }) => Object.keys(endpoints))
    .filter((path) => !path.includes('{')),
)

/**
 * The 404 `not_found` for a path that is not below `{mount}/v1/`. Its help names that prefix, and the endpoint below it that the
 * path ends in. It repeats nothing that the client wrote: endpoints are named by our own words.
 *
 * @param asked The path that was asked for, with or without the mount.
 */
export function notUnder(mount: string, asked = ''): Refusal {
  const endpoint = endpointAtEnd(asked)
  const instead = endpoint === undefined ? '' : ` Ask for ${mount}/v1/${endpoint}.`
  return new Refusal('not_found', { help: `The API lives under ${mount}/v1/.${instead}` })
}

/** How many segments of a path are looked at, from its end. */
const maxSegments = 4

/** The longest end of a path that is a known endpoint. */
function endpointAtEnd(path: string): string | undefined {
  const segments = path.replace(/\/$/, '').split('/').slice(-maxSegments)
  while (segments.length > 0) {
    const end = segments.join('/')
    if (known.has(end)) return end
    segments.shift()
  }
  return undefined
}
