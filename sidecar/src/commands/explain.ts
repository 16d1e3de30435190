import type { CheckedConfig } from '@postern/config'
import {
  type AskedCaller,
  bindingByHeader,
  createLogLedger,
  explain as explainRequest,
  type Explanation,
  matchingBindings,
  type ToldLimit,
} from '@postern/instance'
import { createMemoryStore, type KeyRing } from '@postern/ports'
import { nameFault, redactKeys, tagPattern } from '@postern/protocol'
import { createRuntime } from '@postern/express'
import { lookAtLimits } from '../admin/look-at-limits.js'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'
import { withRingOf } from '../keys/open-ring.js'
import { requireConfig } from '../load-config.js'
import { printJson, printTable } from '../print.js'
import { refusedByLimit } from '../refused-by-limit.js'

export interface ExplainOptions {
  readonly config: string
  readonly user?: string
  readonly team?: string
  readonly project?: string
  readonly service?: string
  readonly model?: string
  readonly workflow?: string
  readonly step?: string
  readonly path: string
  readonly method: string
  readonly json?: boolean
}

/** Prints how Postern would handle a request, without sending it. Exit code 0 if it would be forwarded, otherwise 1. */
export async function explain(options: ExplainOptions): Promise<number> {
  for (const field of ['user', 'team', 'project', 'service'] as const) {
    const fault = nameFault(options[field] ?? 'nobody')
    if (fault !== undefined) throw new Failure(`--${field} is no name: it ${fault}. Nobody who calls can have it.`)
  }
  for (const field of ['workflow', 'step'] as const)
    if (!tagPattern.test(options[field] ?? 'any'))
      throw new Failure(`--${field} is 1 to 64 letters, digits, underscores or hyphens. A call that says anything else is refused.`)
  const { checked, file } = requireConfig(options.config, isNotOfKey)
  const caller = callerOf(options, checked)
  const dry = await withRingOf(checked, file, (ring) => explainDry(checked, { ...options, ...caller }, ring?.ring))
  const counts = dry.limits.rules.length === 0 ? { limits: [] } : await lookAtLimits({ ...options, ...caller })
  const rules = dry.limits.rules.map((rule) => counts.limits.find(({ path, unit }) => path === rule.path && unit === rule.unit) ?? rule)
  const refusal = dry.refusal ?? refusedByLimit(rules, dry.free === true)
  const outcome = refusal === undefined ? dry.outcome : 'refused'
  const explanation = withoutKeys({ ...dry, outcome, ...(refusal === undefined ? {} : { refusal }), limits: { ...dry.limits, rules } })
  if (options.json === true) printJson(explanation)
  else printExplanation(explanation, counts.why)
  return explanation.outcome === 'forwarded' ? 0 : 1
}

/** @param keyRing The ring of the configuration; `undefined`: it has none. */
async function explainDry(
  checked: CheckedConfig,
  options: Omit<ExplainOptions, keyof AskedCaller> & AskedCaller,
  keyRing: KeyRing | undefined,
): Promise<Explanation> {
  const ledger = createLogLedger({ write: () => {}, flush: () => Promise.resolve() })
  const runtime = createRuntime(checked, { ledger, store: { ...createMemoryStore(), keyRing }, asksSources: false })
  try {
    await runtime.findsKey(options)
    const explanation = explainRequest(runtime, { ...options, path: pathBelow(checked.config.mount, options.path) })
    const bindings = await matchingBindings(runtime, options)
    const byHeader = await bindingByHeader(runtime, options)
    return { ...explanation, bindings, ...(byHeader === undefined ? {} : { binding_by_header: byHeader }) }
  } finally {
    await runtime.close()
    await ledger.close()
  }
}

/**
 * Whose call is asked about. A service caller of whom nothing else is said is who the configuration says that it is; with a user, team or
 * project it calls for them.
 *
 * @throws {Failure} if there is no such service caller, or it may not call for others, or is said to have a workflow.
 */
function callerOf({ user, team, project, service, workflow }: ExplainOptions, { config, ring }: CheckedConfig): AskedCaller {
  if (service === undefined) return { user, team, project, workflow }
  if (workflow !== undefined)
    throw new Failure('--service and --workflow: a session token vouches for a workflow, and a service caller sends none. Leave one out.')
  const known = config.callers.service?.principals[service]
  const labels = [...new Set([...Object.keys(config.callers.service?.principals ?? {}), ...ring.map(({ label }) => label)])]
  // Without its variables the ring cannot be read, and any label may be in it.
  if (config.callers.service === undefined || (ring.length > 0 && !labels.includes(service)))
    throw new Failure(describeUnknown(service, labels))
  if (user === undefined && team === undefined && project === undefined)
    return { service, user: known?.user, team: known?.team, project: known?.project }
  if (known?.delegate === true) return { service, user, team, project, actsFor: true }
  throw new Failure(
    `--service ${service} does not call for others: callers.service.principals has no "delegate: true" there. Leave out --user, --team and --project.`,
  )
}

/** How many labels a message names at most. */
const maxNamed = 20

function describeUnknown(service: string, labels: readonly string[]): string {
  if (labels.length === 0)
    return `--service ${service}: this configuration has no service callers. Write callers.service and make one with "postern callers add"; or ask for --user, --team or --project.`
  const more = labels.length > maxNamed ? ', …' : ''
  return `--service ${service}: no service caller has this label. There are ${labels.slice(0, maxNamed).join(', ')}${more}; "postern callers list" has all, and "postern callers add ${service}" makes one.`
}

/** The path below the mount. It may be written as rules write it (`chat/completions`), as the API has it, or as clients send it. */
function pathBelow(mount: string, path: string): string {
  if (path.startsWith(`${mount}/`)) return path.slice(mount.length)
  if (path.startsWith('/')) return path
  return path.startsWith('v1/') ? `/${path}` : `/v1/${path}`
}

/**
 * Whether the answer does not depend on a secret. It depends on gateway keys, since a key that stands in two entries is shared by the tenants
 * of both; and on the master keys and the store's address, with which the ring is read.
 */
function isNotOfKey(path: string): boolean {
  return !path.startsWith('keys.') && !path.startsWith('keyRing.') && path !== 'store.postgres'
}

/** Redacts keys: a key may have been pasted as an alias or as a model. */
function withoutKeys(explanation: Explanation): Explanation {
  return JSON.parse(
    JSON.stringify(explanation, (_, value: unknown) => (typeof value === 'string' ? redactKeys(value) : value)),
  ) as Explanation
}

/** @param why Why it is not known what is left of the limits. */
function printExplanation(explanation: Explanation, why: string | undefined): void {
  const { outcome, refusal, key, gateway, dialect, url, binding, stored_objects: stored, limits } = explanation
  const { bindings = [], binding_by_header: byHeader } = explanation
  const rest = bindings.filter((each) => each.binding !== binding)
  const rows: [string, string | undefined][] = [
    ['outcome', outcome],
    ['refused with', refusal === undefined ? undefined : `${refusal.status} ${refusal.code}`],
    ['because', refusal?.reason],
    ['what to do', refusal?.help.replace('"postern explain" lists what is allowed', '"models" and "endpoints" below say what is allowed')],
    ['key', key],
    ['chosen by', binding === undefined ? undefined : `binding ${binding}`],
    ['before', rest.length === 0 ? undefined : rest.map((each) => `${each.binding} (key ${each.key})`).join(', then ')],
    ['by header', byHeader === undefined ? undefined : `binding ${byHeader}, if no session token vouches for the workflow`],
    ['gateway', gateway === undefined ? undefined : `${gateway} (${dialect})`],
    ['would go to', url],
    ['what is stored', stored === 'refused' ? 'refused, since several tenants may use the key' : stored],
    ['models', namesOf(limits.models, 'any')],
    ['endpoints', namesOf(limits.endpoints, 'all that are open')],
    ['largest body', countOf(limits.max_body_bytes, 'byte')],
    ['most tokens', limits.max_tokens === undefined ? undefined : `${limits.max_tokens}; a request must say how many it wants`],
    ['must say', limits.require.length === 0 ? undefined : `its ${limits.require.join(' and its ')}, where a model runs`],
    ...limits.rules.map((rule): [string, string] => [`limit ${rule.name}`, describeLimit(rule)]),
    ['what is left', why === undefined ? undefined : `not known: ${why}`],
    ...Object.entries(limits.choices).map(([name, value]): [string, string] => [name, value]),
  ]
  printTable(
    [],
    rows.filter((row): row is [string, string] => row[1] !== undefined),
  )
}

/** Units that count things; the others are units of money. */
const countedUnits: ReadonlySet<string> = new Set(['requests', 'tokens', 'streams'])

function describeLimit({ path, unit, limit, per, each, of = {}, model, left, held, resets_in: resetsIn }: ToldLimit): string {
  const named = [...Object.entries(of), ...(model === undefined ? [] : [['model', model]])]
    .map(([field, value]) => ` of ${field} ${value}`)
    .join('')
  const whose = each === undefined ? `all calls${named} together` : `each ${each}${named}`
  const amount = countedUnits.has(unit) ? countOf(limit, unit.slice(0, -1)) : `${limit} ${unit}`
  const count = unit === 'streams' ? `${amount} at once` : `${amount}${per === undefined ? '' : ` a ${per}`}`
  const again = resetsIn === undefined ? '' : `, all again in ${describeSeconds(resetsIn)}`
  const under = held === undefined || held === 0 ? '' : `, ${held} held by calls under way`
  const rest = left === undefined ? '' : `; ${left} left${under}${again}`
  return `${count}, ${whose}${rest} (${path})`
}

function describeSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.ceil(seconds / 3600)} h` : countOf(Math.ceil(seconds / 86_400), 'day')
}

/** @param all What there is to say without a rule. */
function namesOf(lists: readonly (readonly string[])[], all: string): string {
  const texts = [...new Set(lists.map((names) => names.join(', ')))]
  if (texts.length < 2) return texts[0] ?? all
  return `only what is on each of these lists: ${texts.map((text) => `[${text}]`).join(' and ')}`
}
