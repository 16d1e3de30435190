import type { ConfigInput } from '@postern/config'

type Opened = NonNullable<ConfigInput['gateways'][string]['endpoints']>

/** Opens paths that no dialect lists, for every method and medium: for tests that are not about endpoints. */
export function opened(...paths: readonly string[]): Opened {
  const methods: Opened[string]['methods'] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  return Object.fromEntries(paths.map((path) => [path, { methods, format: 'plain', model: 'none', media: true }]))
}
