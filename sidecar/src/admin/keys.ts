import { checkRingKey, type CheckedConfig } from '@postern/config'
import {
  answerAtDoor,
  beginAtDoor,
  BrokenSeal,
  currentRuntime,
  masterKeysOf,
  RingEditor,
  RingFault,
  type RingFaultKind,
} from '@postern/instance'
import {
  bindingIdentity,
  describeBinding,
  isNotAsked,
  type KeyRing,
  principalFields,
  type PrincipalFields,
  Refusal,
  Secret,
} from '@postern/ports'
import type { RingChangeName } from '../audit/audit.js'
import { describeRingKey } from '../keys/describe-keys.js'
import { bodyOf } from './body.js'
import { queryOf } from './query.js'
import type { AdminCall, AdminRoute } from './route.js'

/** How many keys a page of the list has, if the request does not say, and at most. */
const usualPage = 100
const longestPage = 1000

/** The ring of the running process. */
export interface RingOfProcess {
  /** `undefined`: the store keeps no keys. */
  readonly keyRing: KeyRing | undefined
  /** The configuration of now. */
  readonly checked: () => CheckedConfig
}

/**
 * Let programs of the operator add, list, bind, unbind and retire keys of the ring, as `postern keys` does: a tenant that signs up has its
 * key within a second. No answer holds a secret.
 */
export function keyRoutes({ keyRing, checked }: RingOfProcess): readonly AdminRoute[] {
  function open(): {
    readonly ring: KeyRing
    readonly masterKeys: NonNullable<ReturnType<typeof masterKeysOf>>
    readonly editor: RingEditor
  } {
    const masterKeys = masterKeysOf(checked())
    if (keyRing === undefined || masterKeys === undefined)
      throw new Refusal('not_found', {
        message: 'There is no key ring.',
        help: 'For the operator: write keyRing.masterKeys, and a store of SQLite or PostgreSQL.',
      })
    return { ring: keyRing, masterKeys, editor: new RingEditor(keyRing, masterKeys) }
  }

  return [
    {
      method: 'get',
      path: '/keys',
      role: 'keys',
      async handle({ instance, request, response }) {
        const { ring, masterKeys } = open()
        const { after, most: asked } = queryOf(request, ['after', 'most'])
        const most = asked === undefined ? usualPage : readPage(asked)
        const kept = await ring.keys(after, most)
        const keys = []
        for (const each of kept) keys.push(await describeRingKey(each, ring, masterKeys))
        const next = keys.length === most ? keys.at(-1)?.alias : undefined
        answerAtDoor(instance, request, response, { status: 200, body: { keys, ...(next === undefined ? {} : { after: next }) } })
      },
    },
    {
      method: 'post',
      path: '/keys',
      role: 'keys',
      async handle(call) {
        const { editor } = open()
        const { bind, ...key } = readNewKey(bodyOf(call.request))
        const [problem] = checkRingKey(key, checked())
        if (problem !== undefined)
          throw new Refusal('request_malformed', { message: `"${problem.path}" ${problem.reason}`, help: problem.fix, param: problem.path })
        await heedFaults(() => Promise.resolve(bind.map((each) => editor.bindingOf(each, key.alias))))
        const bound = bind.map(describeBinding)
        const entry = {
          what: 'key_added',
          alias: key.alias,
          gateway: key.gateway,
          ...(bound.length === 0 ? {} : { binding: bound.join(', ') }),
        } as const
        await change(call, entry, () => editor.add(key, bind, Date.now()))
        answerAtDoor(call.instance, call.request, call.response, { status: 201, body: { added: key.alias, bindings: bound } })
      },
    },
    {
      method: 'delete',
      path: '/keys/:alias',
      role: 'keys',
      async handle(call) {
        const { editor } = open()
        const alias = String(call.request.params['alias'])
        await heedFaults(() => editor.mayRetire(alias))
        await change(call, { what: 'key_retired', alias }, () => editor.retire(alias))
        answerAtDoor(call.instance, call.request, call.response, { status: 200, body: { retired: alias } })
      },
    },
    {
      method: 'post',
      path: '/bindings',
      role: 'keys',
      async handle(call) {
        const { editor } = open()
        const { key, ...named } = readTexts(bodyOf(call.request), ['key', ...principalFields])
        if (key === undefined) throw missing('key')
        const principal = readPrincipal(named)
        await heedFaults(async () => {
          editor.bindingOf(principal, key)
          await editor.read(key)
        })
        const binding = describeBinding(principal)
        await change(call, { what: 'key_bound', alias: key, binding }, () => editor.bind(key, principal))
        answerAtDoor(call.instance, call.request, call.response, { status: 201, body: { bound: binding, key } })
      },
    },
    {
      method: 'delete',
      path: '/bindings',
      role: 'keys',
      async handle(call) {
        const { editor } = open()
        const principal = readPrincipal(queryOf(call.request, principalFields))
        const binding = describeBinding(principal)
        await change(call, { what: 'key_unbound', binding }, () => editor.unbind(principal))
        answerAtDoor(call.instance, call.request, call.response, { status: 200, body: { unbound: binding } })
      },
    },
  ]
}

/** Makes a change with a line in the audit before it, and one that says what came of it. */
async function change(
  { instance, request, operator, audit }: AdminCall,
  entry: { readonly what: RingChangeName } & Readonly<Record<string, unknown>>,
  make: () => Promise<void>,
): Promise<void> {
  const { redact } = currentRuntime(instance)
  const told = Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]))
  const line = { ...told, what: entry.what, who: operator.name, request_id: beginAtDoor(instance, request) }
  await audit.begin({ ...line, result: 'begun' })
  try {
    await make()
  } catch (error) {
    const isRefused = error instanceof RingFault || error instanceof BrokenSeal
    await audit.note({ ...line, result: isRefused ? 'refused' : isNotAsked(error) ? 'failed' : 'unknown' })
    throw refusalOf(error)
  }
  await audit.note({ ...line, result: 'done' })
}

/** Does what changes nothing, and may find that the ring does not take the change. */
async function heedFaults<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw refusalOf(error)
  }
}

const codes: Readonly<Record<RingFaultKind, 'request_malformed' | 'not_found' | 'key_conflict'>> = {
  wrong: 'request_malformed',
  missing: 'not_found',
  taken: 'key_conflict',
}

function refusalOf(error: unknown): unknown {
  if (error instanceof RingFault)
    return new Refusal(codes[error.kind], { message: error.message, help: 'GET /admin/v1/keys lists the ring.' })
  if (error instanceof BrokenSeal) return new Refusal('key_unavailable', { message: error.message, help: brokenHelp })
  return error
}

const brokenHelp =
  'For the operator: keep every master key under keyRing.masterKeys that the ring was written with. DELETE removes such a key.'

/** A key that is added, as a request has it. */
interface GivenKey {
  readonly alias: string
  readonly gateway: string
  readonly project: string | undefined
  readonly currency: string | undefined
  readonly secret: Secret
  readonly providerSecret: Secret | undefined
  readonly shared?: true
  readonly bind: readonly PrincipalFields[]
}

/** How many principals a key is bound to when it is added, at most. */
const mostBindings = 16

function readNewKey({ shared, bind = [], ...body }: Readonly<Record<string, unknown>>): GivenKey {
  const { alias, gateway, secret, provider_secret: provider, gateway_project: project, currency } = readTexts(body, newKeyTexts)
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
  return {
    alias,
    gateway,
    project,
    currency,
    secret: new Secret(secret),
    providerSecret: provider === undefined ? undefined : new Secret(provider),
    ...(shared === true ? { shared } : {}),
    bind: bind.map((each: unknown) => readPrincipal(readTexts(isObject(each) ? each : {}, principalFields))),
  }
}

const newKeyTexts = ['alias', 'gateway', 'secret', 'provider_secret', 'gateway_project', 'currency'] as const

/** The members of an object that must be texts. No message repeats a value: it may be a secret in the wrong place. */
function readTexts<Name extends string>(
  body: Readonly<Record<string, unknown>>,
  known: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const read: Partial<Record<Name, string>> = {}
  for (const [member, value] of Object.entries(body)) {
    const name = known.find((each) => each === member)
    if (name === undefined)
      throw new Refusal('request_malformed', {
        message: 'The request has a member that is not known here.',
        help: `There are ${known.join(', ')}.`,
      })
    if (typeof value !== 'string' || value === '') throw new Refusal('request_malformed', { message: `"${name}" is a text.`, param: name })
    read[name] = value
  }
  return read
}

function readPrincipal(named: PrincipalFields): PrincipalFields {
  if (bindingIdentity(named) === bindingIdentity({}))
    throw new Refusal('request_malformed', { message: 'A binding names a user, a team or a project.' })
  return named
}

function readPage(text: string): number {
  const most = Number(text)
  if (/^\d{1,4}$/.test(text) && most >= 1 && most <= longestPage) return most
  throw new Refusal('request_malformed', { message: `"most" is a number from 1 to ${longestPage}.`, param: 'most' })
}

function missing(param: string): Refusal {
  return new Refusal('request_malformed', { message: `"${param}" is missing.`, param })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
