import { type BindingFields, bindingFields, bindingIdentity, Refusal, Secret } from '@postern/ports'

/** A key that is added, as a request has it. */
interface GivenKey {
  readonly alias: string
  readonly gateway: string
  readonly project: string | undefined
  readonly currency: string | undefined
  readonly secret: Secret
  readonly providerSecret: Secret | undefined
  readonly shared?: true
  readonly bind: readonly BindingFields[]
}

/** How many principals a key is bound to when it is added, at most. */
const mostBindings = 16

export function readNewKey({ shared, bind = [], ...body }: Readonly<Record<string, unknown>>): GivenKey {
  const {
    alias,
    gateway,
    secret,
    provider_secret: provider,
    gateway_project: project,
    currency,
  } = readTexts(body, newKeyTexts, ['shared', 'bind'])
  if (alias === undefined) throw missing('alias')
  if (gateway === undefined) throw missing('gateway')
  if (secret === undefined) throw missing('secret')
  if (shared !== undefined && typeof shared !== 'boolean')
    throw new Refusal('request_malformed', { message: '"shared" is true or false.', param: 'shared' })
  if (!Array.isArray(bind) || bind.length > mostBindings)
    throw new Refusal('request_malformed', {
      message: `"bind" is a list of at most ${mostBindings} principals, such as [{ "team": "acme" }].`,
      param: 'bind',
    })
  const principals = bind.map((each: unknown) => readPrincipal(readTexts(isObject(each) ? each : {}, bindingFields)))
  if (new Set(principals.map(bindingIdentity)).size < principals.length)
    throw new Refusal('request_malformed', { message: '"bind" names the same principal twice.', param: 'bind' })
  return {
    alias,
    gateway,
    project,
    currency,
    secret: new Secret(secret),
    providerSecret: provider === undefined ? undefined : new Secret(provider),
    ...(shared === true ? { shared } : {}),
    bind: principals,
  }
}

const newKeyTexts = ['alias', 'gateway', 'secret', 'provider_secret', 'gateway_project', 'currency'] as const

/** The members of an object that must be texts. No message repeats a value: it may be a secret in the wrong place. */
export function readTexts<Name extends string>(
  body: Readonly<Record<string, unknown>>,
  known: readonly Name[],
  further: readonly string[] = [],
): Readonly<Partial<Record<Name, string>>> {
  const read: Partial<Record<Name, string>> = {}
  for (const [member, value] of Object.entries(body)) {
    const name = known.find((each) => each === member)
    if (name === undefined)
      throw new Refusal('request_malformed', {
        message: 'The request has a member that is not known here.',
        help: `There are ${[...known, ...further].join(', ')}.`,
      })
    if (typeof value !== 'string' || value === '') throw new Refusal('request_malformed', { message: `"${name}" is a text.`, param: name })
    read[name] = value
  }
  return read
}

export function readPrincipal(named: BindingFields): BindingFields {
  if (bindingIdentity(named) === bindingIdentity({}))
    throw new Refusal('request_malformed', { message: 'A binding names a user, a team, a project, a service label or a workflow.' })
  return named
}

export function missing(param: string): Refusal {
  return new Refusal('request_malformed', { message: `"${param}" is missing.`, param })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
