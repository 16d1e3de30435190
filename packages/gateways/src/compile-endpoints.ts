import { answerFormats } from './answer-format.js'
import type { Dialect } from './dialect.js'
import { documentedCeilings } from './documented-ceilings.js'
import { modelSegment, shapeOf } from './endpoint-table.js'
import { type Endpoint, type Endpoints, endpointsOf } from './endpoint.js'
import { accountObject } from './stored-object.js'

/** Endpoints that the operator opens, by path. */
export type OpenedEndpoints = Readonly<
  Record<
    string,
    Omit<Partial<Endpoint>, 'format' | 'object'> & Pick<Endpoint, 'methods' | 'model'> & { readonly format: keyof typeof answerFormats }
  >
>

/**
 * Merges the endpoints that the dialect lists with those that the operator opens under `gateways.<name>.endpoints`. If a
 * path is in both, the operator's settings replace the dialect's for the methods that the operator names; but the
 * dialect's `object` stays, so an endpoint about stored objects remains one. What it opens costs, unless the operator says otherwise, and
 * without a format of its own it may stream.
 * At each of them a chat completion has the ceilings that the dialect names.
 */
export function compileEndpoints({ endpoints, chatCeilings }: Dialect, opened: OpenedEndpoints): Endpoints {
  const merged = new Map<string, readonly Endpoint[]>(Object.entries(endpoints).map(([path, entry]) => [path, endpointsOf(entry)]))
  const listedAt = new Map([...merged.keys()].map((path) => [shapeOf(path), path]))
  for (const [path, { format, ...settings }] of Object.entries(opened)) {
    const listed = listedAt.get(shapeOf(path))
    const others = listed === undefined ? [] : (merged.get(listed) as readonly Endpoint[])
    const object = others.find((each) => each.object !== undefined)?.object ?? objectAbove(path, merged, listedAt)
    const same = others.find(({ methods }) => methods.some((method) => settings.methods.some((each) => each === method)))
    const endpoint: Endpoint = {
      ...same,
      ceiling: undefined,
      costs: undefined,
      media: undefined,
      // Nothing is known of its answers.
      streams: format === 'plain',
      ...settings,
      format: answerFormats[format],
      object,
    }
    const rest = others.map((each) => ({ ...each, methods: each.methods.filter((method) => !endpoint.methods.includes(method)) }))
    if (listed !== undefined) merged.delete(listed)
    const key = listed?.includes(modelSegment) === true ? listed : path
    merged.set(key, [endpoint, ...rest.filter(({ methods }) => methods.length > 0)])
  }
  return Object.fromEntries(
    [...merged].map(([path, entries]) => [
      path,
      entries.map((each) => ({ ...each, format: documentedCeilings(each.format, chatCeilings) })),
    ]),
  )
}

/** A path below the path of an object of the account names that object. */
function objectAbove(
  path: string,
  endpoints: ReadonlyMap<string, readonly Endpoint[]>,
  listedAt: ReadonlyMap<string, string>,
): Endpoint['object'] {
  for (let above = path; above.includes('/'); ) {
    above = above.slice(0, above.lastIndexOf('/'))
    const listed = listedAt.get(shapeOf(above))
    const found = listed === undefined ? [] : (endpoints.get(listed) ?? [])
    const objects = found.map(accountObject)
    const [first] = objects
    if (first !== undefined && objects.every((object) => object !== undefined)) return { kind: first.kind, role: 'names' }
  }
  return undefined
}
