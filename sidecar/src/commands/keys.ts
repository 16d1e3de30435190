import type { CheckedConfig } from '@postern/config'
import { checkRingKey } from '@postern/config'
import { masterKeysOf, type MasterKeys, RingFault } from '@postern/instance'
import { bindingIdentity, describeBinding, type PrincipalFields } from '@postern/ports'
import { Failure } from '../failure.js'
import { auditChange } from '../keys/audit-change.js'
import { describeRingKey, type ListedKey } from '../keys/describe-keys.js'
import { stageImport } from '../keys/import-keys.js'
import { openRing, openRingOf } from '../keys/open-ring.js'
import { readNewSecret } from '../keys/read-new-secret.js'
import { requireConfig } from '../load-config.js'
import { print, printJson, printTable, showName } from '../print.js'
import { createProgress } from '../usage/progress.js'

interface ConfigOption {
  readonly config: string
  readonly json?: boolean
}

/** How many keys are listed where nobody says how many. */
const usualPage = 100

/** Lists gateway keys: those of the configuration, then those of the ring. Never a secret. */
export async function listKeys({
  config,
  json,
  after,
  most = usualPage,
}: ConfigOption & { readonly after?: string; readonly most?: number }): Promise<number> {
  const { checked, file } = requireConfig(config, (path) => !path.startsWith('keyRing.') && !path.startsWith('store.'))
  const ring = await openRingOf(checked, file)
  try {
    const own = after === undefined ? listedOf(checked) : []
    const kept = ring === undefined ? [] : await ring.ring.keys(after, most)
    const masterKeys = masterKeysOf(checked) as MasterKeys
    const inRing = ring === undefined ? [] : await Promise.all(kept.map((key) => describeRingKey(key, ring.ring, masterKeys)))
    const keys = [...own, ...inRing]
    const next = kept.length === most ? kept.at(-1)?.alias : undefined
    if (json === true) printJson({ keys, ...(next === undefined ? {} : { after: next }) })
    else {
      printTable(['key', 'gateway', 'secret', 'used by', 'state'], keys.map(rowOf))
      if (next !== undefined) print(`There are more: --after ${next}`)
    }
  } finally {
    await ring?.close()
  }
  return 0
}

function rowOf({ alias, gateway, from, bindings, rotation, expires, trouble }: ListedKey): readonly string[] {
  const state = [
    trouble,
    rotation === undefined ? undefined : `rotation: ${rotation}`,
    expires === undefined ? undefined : `expires ${expires}`,
  ]
  return [alias, gateway, from, bindings.map(showName).join(', '), state.filter((part) => part !== undefined).join('; ')]
}

/** The keys of the configuration, and where their secrets are. */
function listedOf({ config: { keys, bindings } }: CheckedConfig): readonly ListedKey[] {
  const users = new Map<string, string[]>()
  for (const binding of bindings) users.set(binding.key, [...(users.get(binding.key) ?? []), describeBinding(binding)])
  return Object.entries(keys).map(([alias, { gateway, secret, expires }]) => {
    const [kind = '', place] = Object.entries(secret)[0] ?? []
    const from = typeof place === 'string' ? `${kind} ${place}` : kind
    return {
      alias,
      gateway,
      from,
      bindings: (users.get(alias) ?? []).slice(0, 5),
      ...(expires === undefined ? {} : { expires: String(expires) }),
    }
  })
}

export interface AddKeyOptions extends ConfigOption, PrincipalFields {
  readonly gateway: string
  readonly gatewayProject?: string
  readonly currency?: string
  readonly shared?: boolean
  readonly secretEnv?: string
  readonly secretFile?: string
  readonly providerEnv?: string
  readonly providerFile?: string
}

/** Adds a key to the ring; the secret is asked for, or read from where the options say. */
export async function addKey(alias: string, options: AddKeyOptions): Promise<number> {
  return onRing(options, async (ring) => {
    const { gateway, gatewayProject, currency, shared } = options
    const secret = await readNewSecret(`the key of ${alias}`, { env: options.secretEnv, file: options.secretFile })
    const hasProvider = options.providerEnv !== undefined || options.providerFile !== undefined
    const providerSecret = hasProvider
      ? await readNewSecret(`the provider's key of ${alias}`, { env: options.providerEnv, file: options.providerFile })
      : undefined
    const key = { alias, gateway, project: gatewayProject, currency, secret, providerSecret, ...(shared === true ? { shared } : {}) }
    const [problem] = checkRingKey(key, ring.checked)
    if (problem !== undefined) throw new Failure(`${problem.path} ${problem.reason}\n${problem.fix}`)
    const principal = principalOf(options)
    const bindings = bindingIdentity(principal) === bindingIdentity({}) ? [] : [principal]
    await auditChange(ring, {
      what: 'key_added',
      alias,
      gateway,
      ...(bindings.length === 0 ? {} : { binding: describeBinding(principal) }),
    })
    await ring.editor.add(key, bindings, Date.now())
    const used = bindings.length === 0 ? ' Nobody uses it yet: postern keys bind' : ` ${describeBinding(principal)} uses it`
    return {
      told: { added: alias },
      said: `Added: ${alias}.${used}${bindings.length === 0 ? ` ${alias} --team …` : ', in every process within a second'}.`,
    }
  })
}

/** Has a user, team or project use a key of the ring. */
export async function bindKey(alias: string, options: ConfigOption & PrincipalFields): Promise<number> {
  return onRing(options, async (ring) => {
    const principal = principalOf(options)
    ring.editor.bindingOf(principal, alias)
    const binding = describeBinding(principal)
    await auditChange(ring, { what: 'key_bound', alias, binding })
    await ring.editor.bind(alias, principal)
    return { told: { bound: binding, key: alias }, said: `Bound: ${binding} uses ${alias}, in every process within a second.` }
  })
}

/** Takes its key of the ring from a user, team or project. */
export async function unbindKey(options: ConfigOption & PrincipalFields): Promise<number> {
  return onRing(options, async (ring) => {
    const principal = principalOf(options)
    ring.editor.bindingOf(principal, '-')
    const binding = describeBinding(principal)
    await auditChange(ring, { what: 'key_unbound', binding })
    await ring.editor.unbind(principal)
    return { told: { unbound: binding }, said: `Unbound: ${binding} has no key of the ring any more. What the configuration binds stays.` }
  })
}

/** Removes a key and its secrets from the ring. */
export async function retireKey(alias: string, options: ConfigOption): Promise<number> {
  return onRing(options, async (ring) => {
    await ring.editor.read(alias)
    await auditChange(ring, { what: 'key_retired', alias })
    await ring.editor.retire(alias)
    return { told: { retired: alias }, said: `Retired: ${alias} and its secrets are gone. Disable the key at its gateway too.` }
  })
}

/** Adds the keys of a file, with who uses them: all of them or none. */
export async function importKeys(file: string, options: ConfigOption): Promise<number> {
  return onRing(options, async (ring) => {
    const progress = createProgress()
    const staged = await stageImport(ring, file, (share) => progress.tell(share)).finally(() => progress.end())
    if (staged.faultCount > 0) {
      const lines = staged.faults.map(({ line, reason }) => `  line ${line}: ${reason}`)
      const more = staged.faultCount > staged.faults.length ? `\n  and ${staged.faultCount - staged.faults.length} more` : ''
      throw new Failure(`Nothing was imported: ${staged.faultCount} of the lines of ${file} cannot be taken.\n${lines.join('\n')}${more}`)
    }
    const { keys, bindings } = staged
    try {
      await auditChange(ring, { what: 'keys_imported', keys, bindings })
      await staged.publish()
    } catch (error) {
      await staged.discard()
      throw error
    }
    return { told: { keys, bindings }, said: `Imported: ${keys} keys and ${bindings} bindings, in use in every process within a second.` }
  })
}

function principalOf({ user, team, project }: PrincipalFields): PrincipalFields {
  return { ...(user === undefined ? {} : { user }), ...(team === undefined ? {} : { team }), ...(project === undefined ? {} : { project }) }
}

/** What a command did: for programs, and for people. */
interface Done {
  readonly told: object
  readonly said: string
}

async function onRing(
  { config, json }: ConfigOption,
  work: (ring: Awaited<ReturnType<typeof openRing>>) => Promise<Done>,
): Promise<number> {
  const ring = await openRing(config)
  try {
    const { told, said } = await work(ring)
    if (json === true) printJson(told)
    else print(said)
    return 0
  } catch (error) {
    if (error instanceof RingFault) throw new Failure(`${error.message}\n${error.fix}`)
    throw error
  } finally {
    await ring.close()
  }
}
