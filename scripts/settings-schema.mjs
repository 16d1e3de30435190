// Makes packages/config/postern.schema.json of the schema that checks a configuration: for editors, and whatever else reads JSON schemas.
import { configSchema, explainSettings } from './settings.mjs'

/**
 * The JSON schema of a configuration as it is written. It may take what `postern check` refuses, such as a text that is no URL, and
 * never refuses what that takes. Draft 07, since the YAML language server, which most editors use, reads no later one in full.
 */
export function settingsSchema(schema = configSchema) {
  const made = schema.toJSONSchema({ io: 'input', target: 'draft-07', unrepresentable: 'any', override: adjust })
  const { $schema, ...rest } = made
  for (const row of explainSettings(schema)) for (const node of nodesAt(made, row.path)) explain(node, row)
  return { $schema, $id: 'urn:postern:configuration', title: 'The configuration of Postern', ...rest }
}

/** The text of the file. */
export function settingsSchemaFile() {
  return `${JSON.stringify(settingsSchema(), null, 2)}\n`
}

const isEmptyGroup = (value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0 && !Array.isArray(value)

/** Takes out what says nothing, and what would refuse more than the schema does. */
function adjust({ zodSchema, jsonSchema }) {
  const patterns = [...(zodSchema._zod.bag?.patterns ?? [])]
  const flagged = patterns.find(({ flags }) => flags !== '')
  if (flagged !== undefined) throw new Error(`A JSON schema cannot have the flags of ${flagged}.`)
  // What its type says of it; zod leaves examples of what is transformed out.
  const examples = zodSchema.meta()?.examples
  if (examples !== undefined) jsonSchema.examples = examples
  delete jsonSchema.unset
  if (isEmptyGroup(jsonSchema.default)) delete jsonSchema.default
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.propertyNames !== undefined && Object.keys(jsonSchema.propertyNames).join() === 'type') delete jsonSchema.propertyNames
  if (jsonSchema.format === 'uri') {
    delete jsonSchema.format
    jsonSchema.pattern = `^\\s*(?:${schemesOf(zodSchema)}):`
  }
}

/** The schemes that a URL may have, in any case: `[Hh][Tt]…`. */
function schemesOf(zodSchema) {
  const { source } = zodSchema._zod.def.protocol
  return source.slice(1, -1).replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`)
}

/** Where a setting stands in the JSON schema; in several places where it belongs to several forms of a group. */
function nodesAt(root, path) {
  const steps = path.replaceAll('[]', '.[]').split('.')
  const nodes = steps.reduce((all, step) => all.flatMap(formsOf).flatMap((node) => below(node, step)), [root])
  if (nodes.length === 0) throw new Error(`The JSON schema has no place for "${path}".`)
  return nodes
}

function formsOf(node) {
  return [node, ...(node.anyOf ?? []).flatMap(formsOf)]
}

function below(node, step) {
  const found = step === '<name>' ? node.additionalProperties : step === '[]' ? node.items : node.properties?.[step]
  return typeof found === 'object' ? [found] : []
}

function explain(node, { kind, value, meaning, words }) {
  const known = value ?? readWords(words)
  const bounds = kind.unit === undefined ? [] : [kind.text]
  const otherwise = known === undefined && words ? [`default: ${words}`] : []
  node.description = withoutLinks([meaning, ...bounds, ...otherwise].join('; '))
  if (known !== undefined) node.default = known
}

/** A default that the page has as a single value. */
function readWords(words) {
  const value = /^`([^`]*)`$/.exec(words ?? '')?.[1]
  return value === 'false' || value === '[]' ? JSON.parse(value) : value
}

/** Editors show a description as it is, and far from the folder that links lead from. */
function withoutLinks(text) {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
}
