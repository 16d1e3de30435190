import { setImmediate } from 'node:timers/promises'
import { aliasFault, checkRingKey, type CheckedConfig, OwnBindings } from '@postern/config'
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
import { type BindingFields, bindingFields, describeBinding, isNotAsked, type KeyRing, Refusal } from '@postern/ports'
import type { RingChangeName } from '../audit/audit.js'
import { describeRingKey } from '../keys/describe-keys.js'
import { bodyOf } from './body.js'
import { queryOf } from './query.js'
import { missing, readNewKey, readPrincipal, readTexts } from './read-key.js'
import type { AdminCall, AdminRoute } from './route.js'

/** How many keys a page of the list has, if the request does not say, and at most. */
const usualPage = 100
const longestPage = 1000

/** How many keys of a page are described in one turn of the event loop: each is opened, and its bindings are asked for. */
const keysPerTurn = 25

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
        const own = new OwnBindings(checked().config)
        for (const each of kept) {
          // A store in a file answers at once, and all other calls would wait for the whole page.
          if (keys.length % keysPerTurn === 0) await setImmediate()
          keys.push(await describeRingKey(each, ring, masterKeys, own))
        }
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
        requireBindable(editor, bind)
        const bound = bind.map(describeBinding)
        const entry = {
          what: 'key_added',
          alias: key.alias,
          gateway: key.gateway,
          ...(bound.length === 0 ? {} : { binding: bound.join(', ') }),
        } as const
        await change(call, entry, () => editor.add(key, bind, Date.now()))
        answerAtDoor(call.instance, call.request, call.response, {
          status: 201,
          body: { added: key.alias, bindings: bound, ...overridden(bind, checked()) },
        })
      },
    },
    {
      method: 'delete',
      path: '/keys/:alias',
      role: 'keys',
      async handle(call) {
        const { editor } = open()
        const alias = String(call.request.params['alias'])
        requireAlias(alias)
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
        const { key, ...named } = readTexts(bodyOf(call.request), ['key', ...bindingFields])
        if (key === undefined) throw missing('key')
        const principal = readPrincipal(named)
        requireAlias(key)
        requireBindable(editor, [principal])
        const binding = describeBinding(principal)
        await change(call, { what: 'key_bound', alias: key, binding }, () => editor.bind(key, principal))
        answerAtDoor(call.instance, call.request, call.response, {
          status: 201,
          body: { bound: binding, key, ...overridden([principal], checked()) },
        })
      },
    },
    {
      method: 'delete',
      path: '/bindings',
      role: 'keys',
      async handle(call) {
        const { editor } = open()
        const principal = readPrincipal(queryOf(call.request, bindingFields))
        requireBindable(editor, [principal])
        const binding = describeBinding(principal)
        await change(call, { what: 'key_unbound', binding }, () => editor.unbind(principal))
        answerAtDoor(call.instance, call.request, call.response, { status: 200, body: { unbound: binding } })
      },
    },
  ]
}

/** How many characters of a reason are written into the audit at most. */
const maxReasonChars = 300

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
    const reason = redact((error as Error).message).slice(0, maxReasonChars)
    await audit.note({ ...line, result: isRefused ? 'refused' : isNotAsked(error) ? 'failed' : 'unknown', reason })
    throw refusalOf(error)
  }
  await audit.note({ ...line, result: 'done' })
}

/** @throws {Refusal} 400 `request_malformed` if nobody can have such a name. */
function requireBindable(editor: RingEditor, principals: readonly BindingFields[]): void {
  try {
    for (const each of principals) editor.bindingOf(each, '-')
  } catch (error) {
    throw refusalOf(error)
  }
}

/** @throws {Refusal} 400 `request_malformed` if no key can have such an alias. It is not repeated: it may be a secret in the wrong place. */
function requireAlias(text: string): void {
  const fault = aliasFault(text)
  if (fault !== undefined)
    throw new Refusal('request_malformed', { message: `The alias ${fault.reason}.`, help: fault.fix, param: 'alias' })
}

/** Of which principals the configuration has a binding too, which counts before the one of the ring; nothing if of none. */
function overridden(principals: readonly BindingFields[], { config }: CheckedConfig): object {
  const own = new OwnBindings(config)
  const found = principals.flatMap((principal): [string, string][] => {
    const key = own.keyOf(principal)
    return key === undefined ? [] : [[describeBinding(principal), key]]
  })
  return found.length === 0 ? {} : { overridden: Object.fromEntries(found) }
}

const codes: Readonly<Record<RingFaultKind, 'request_malformed' | 'not_found' | 'key_conflict'>> = {
  wrong: 'request_malformed',
  missing: 'not_found',
  taken: 'key_conflict',
}

function refusalOf(error: unknown): unknown {
  // An alias that is not there is not repeated: it may be a secret in the wrong place.
  if (error instanceof RingFault)
    return new Refusal(codes[error.kind], {
      message: error.kind === 'missing' ? 'The ring has no such key or binding.' : error.message,
      help: 'GET /admin/v1/keys lists the ring.',
    })
  if (error instanceof BrokenSeal) return new Refusal('key_unavailable', { message: error.message, help: brokenHelp })
  return error
}

const brokenHelp =
  'For the operator: keep every master key under keyRing.masterKeys that the ring was written with. DELETE removes such a key.'

function readPage(text: string): number {
  const most = Number(text)
  if (/^\d{1,4}$/.test(text) && most >= 1 && most <= longestPage) return most
  throw new Refusal('request_malformed', { message: `"most" is a number from 1 to ${longestPage}.`, param: 'most' })
}
