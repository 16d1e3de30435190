import { type PrincipalFields, principalFields } from './principal.js'

/** What a binding may name. In a binding `workflow` is a pattern: an id, or the beginning of ids with `*` behind it. */
export interface BindingFields extends PrincipalFields {
  /** The label of a service caller. */
  readonly service?: string | undefined
  readonly workflow?: string | undefined
}

/** The fields of {@link BindingFields}, in the order in which people are told of them. */
export const bindingFields = [...principalFields, 'service', 'workflow'] as const

/**
 * Equal for two bindings that match the same callers; the configuration must not hold two such bindings. No name is empty or holds a
 * control character.
 */
export function bindingIdentity({ user = '', team = '', project = '', service, workflow }: BindingFields): string {
  const named = `${user}\n${team}\n${project}`
  if (service === undefined && workflow === undefined) return named
  return [
    service === undefined ? '' : beginningOf('service', service),
    workflow === undefined ? '' : beginningOf('workflow', workflow),
    named,
  ].join('')
}

/** How the identity of each binding begins that names this label of a service caller or this pattern of workflows. It ends in a line feed. */
export function beginningOf(field: 'service' | 'workflow', name: string): string {
  return `\t${field}\t${name}\n`
}

/** What a binding names, from its {@link bindingIdentity}. */
export function fieldsOfIdentity(identity: string): BindingFields {
  const lines = identity.split('\n')
  const labels = lines.filter((line) => line.startsWith('\t')).map((line) => line.slice(1).split('\t'))
  const [user = '', team = '', project = ''] = lines.slice(labels.length)
  const named = Object.entries({ user, team, project, ...(Object.fromEntries(labels) as Partial<BindingFields>) })
  return Object.fromEntries(named.filter(([, name]) => name !== ''))
}

/** `user=u_7 project=labs`, or `default`. */
export function describeBinding(binding: BindingFields): string {
  const named = bindingFields.filter((field) => binding[field] !== undefined).map((field) => `${field}=${binding[field]}`)
  return named.length === 0 ? 'default' : named.join(' ')
}
