import { checkRingKey, OwnBindings } from '@postern/config'
import { BrokenSeal } from '@postern/instance'
import { type BindingFields, bindingFields, bindingIdentity, describeBinding } from '@postern/ports'
import { countOf } from '../count-of.js'
import { whileAudited } from '../keys/audit-change.js'
import { describeOverridden, describeRingKey, type ListedKey } from '../keys/describe-keys.js'
import { refuseLines, stageImport } from '../keys/import-keys.js'
import { listOwnKeys } from '../keys/list-own.js'
import { isNotOfRing, type OpenRing, withRing, withRingOf } from '../keys/open-ring.js'
import { readSecrets, type SecretOptions } from '../keys/read-secrets.js'
import { requireConfig } from '../load-config.js'
import { print, printJson, printTable, showName } from '../print.js'
import { createProgress } from '../usage/progress.js'

interface ConfigOption {
  readonly config: string
  readonly json?: boolean
}

/** Lists the keys of the configuration, then the keys of the ring. Never prints a secret. */
export async function listKeys({
  config,
  json,
  after,
  most,
}: ConfigOption & { readonly after?: string; readonly most: number }): Promise<number> {
  const { checked, file } = requireConfig(config, isNotOfRing)
  const own = after === undefined ? listOwnKeys(checked) : []
  const inRing = await withRingOf(checked, file, async (ring) => (ring === undefined ? [] : listRing(ring, after, most)))
  const keys = [...own, ...inRing]
  const next = inRing.length === most ? inRing.at(-1)?.alias : undefined
  if (json === true) printJson({ keys, ...(next === undefined ? {} : { after: next }) })
  else {
    printTable(['key', 'gateway', 'secret', 'used by', 'state'], keys.map(rowOf))
    if (next !== undefined) print(`There are more: --after ${next}`)
  }
  return 0
}

/** Each key takes a question of its own to the store, so they are asked one after the other: a page may have 10,000 keys. */
async function listRing({ ring, masterKeys, checked }: OpenRing, after: string | undefined, most: number): Promise<readonly ListedKey[]> {
  const listed: ListedKey[] = []
  const own = new OwnBindings(checked.config)
  for (const kept of await ring.keys(after, most)) listed.push(await describeRingKey(kept, ring, masterKeys, own))
  return listed
}

function rowOf({ alias, gateway, from, bindings, rotation, expires, trouble }: ListedKey): readonly string[] {
  const state = [
    trouble,
    rotation === undefined ? undefined : `rotation: ${rotation}`,
    expires === undefined ? undefined : `expires ${expires}`,
  ]
  return [alias, gateway, from, bindings.map(showName).join(', '), state.filter((part) => part !== undefined).join('; ')]
}

export interface AddKeyOptions extends ConfigOption, BindingFields, SecretOptions {
  readonly gateway: string
  readonly gatewayProject?: string
  readonly currency?: string
  readonly shared?: boolean
}

/** Adds a key to the ring. The options say where the secret is read; without them the command asks for it. */
export async function addKey(alias: string, options: AddKeyOptions): Promise<number> {
  return onRing(options, async (ring) => {
    const { gateway, gatewayProject: project, currency, shared } = options
    const principal = principalOf(options)
    const bindings = bindingIdentity(principal) === bindingIdentity({}) ? [] : [principal]
    // Throws if no caller can have such a name, before the secret is read and the audit written.
    for (const each of bindings) ring.editor.bindingOf(each, alias)
    const hasProvider = options.providerEnv !== undefined || options.providerFile !== undefined
    const read = { alias, gateway, project, currency, label: `the key of ${alias}`, hasProvider }
    const secrets = await readSecrets(read, options, ring.checked, checkRingKey)
    const key = { alias, gateway, project, currency, ...secrets, ...(shared === true ? { shared } : {}) }
    const bound = bindings.length === 0 ? {} : { binding: describeBinding(principal) }
    await whileAudited(ring, { what: 'key_added', alias, gateway, ...bound }, () => ring.editor.add(key, bindings, Date.now()))
    if (bindings.length === 0)
      return { told: { added: alias }, said: `Added: ${alias}. Nobody uses it yet: postern keys bind ${alias} --team ….` }
    const { told, said } = describeUse(principal, 'it', ring)
    return { told: { added: alias, ...told }, said: `Added: ${alias}. ${said}` }
  })
}

/** Binds callers to a key of the ring: a user, team, project, service label or workflow, or several of these together. */
export async function bindKey(alias: string, options: ConfigOption & BindingFields): Promise<number> {
  return onRing(options, async (ring) => {
    const principal = principalOf(options)
    ring.editor.bindingOf(principal, alias)
    const binding = describeBinding(principal)
    await whileAudited(ring, { what: 'key_bound', alias, binding }, () => ring.editor.bind(alias, principal))
    const { told, said } = describeUse(principal, alias, ring)
    return { told: { bound: binding, key: alias, ...told }, said: `Bound: ${said}` }
  })
}

/**
 * Says who uses a key from now on: nobody does by a binding that the configuration has too.
 *
 * @param it What the key is called in the sentence.
 */
function describeUse(principal: BindingFields, it: string, { checked }: OpenRing): Done {
  const binding = describeBinding(principal)
  const key = new OwnBindings(checked.config).keyOf(principal)
  if (key === undefined) return { told: {}, said: `${binding} uses ${it}, in every process within a second.` }
  return { told: { overridden_by: key }, said: `${describeOverridden(binding, key)}, so ${binding} does not use ${it}.` }
}

/** Removes a binding from the ring. */
export async function unbindKey(options: ConfigOption & BindingFields): Promise<number> {
  return onRing(options, async (ring) => {
    const principal = principalOf(options)
    ring.editor.bindingOf(principal, '-')
    const binding = describeBinding(principal)
    await whileAudited(ring, { what: 'key_unbound', binding }, () => ring.editor.unbind(principal))
    return { told: { unbound: binding }, said: `Unbound: ${binding} has no key of the ring any more. What the configuration binds stays.` }
  })
}

/** Removes a key and its secrets from the ring. */
export async function retireKey(alias: string, options: ConfigOption): Promise<number> {
  return onRing(options, async (ring) => {
    await ring.editor.read(alias).catch((error: unknown) => {
      // A key whose row is broken can be removed too.
      if (!(error instanceof BrokenSeal)) throw error
    })
    await whileAudited(ring, { what: 'key_retired', alias }, () => ring.editor.retire(alias))
    return { told: { retired: alias }, said: `Retired: ${alias} and its secrets are gone. Disable the key at its gateway too.` }
  })
}

/** Adds all keys of a file with their bindings, or none of them. */
export async function importKeys(file: string, options: ConfigOption): Promise<number> {
  return onRing(options, async (ring) => {
    const progress = createProgress()
    const staged = await stageImport(ring, file, (share) => progress.tell(share)).finally(() => progress.end())
    if (staged.faultCount > 0) throw refuseLines(file, staged.faults, staged.faultCount)
    const { keys, bindings } = staged
    try {
      await whileAudited(ring, { what: 'keys_imported', keys, bindings }, () => staged.publish())
    } catch (error) {
      await staged.discard()
      throw error
    }
    return {
      told: { keys, bindings },
      said: `Imported: ${countOf(keys, 'key')} and ${countOf(bindings, 'binding')}, in use in every process within a second.`,
    }
  })
}

function principalOf(options: BindingFields): BindingFields {
  return Object.fromEntries(bindingFields.filter((field) => options[field] !== undefined).map((field) => [field, options[field]]))
}

/** What a command did: `told` is data for a program, `said` a sentence for a person. */
interface Done {
  readonly told: object
  readonly said: string
}

async function onRing({ config, json }: ConfigOption, work: (ring: OpenRing) => Promise<Done>): Promise<number> {
  const { told, said } = await withRing(config, work)
  if (json === true) printJson(told)
  else print(said)
  return 0
}
