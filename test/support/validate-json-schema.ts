/** A JSON schema, of the keywords that the one of the configuration has. */
export type JsonSchema = Readonly<Record<string, unknown>>

interface Keyword {
  /** What is wrong with the value, and where below it; nothing where it is right or of a kind that the keyword does not speak of. */
  (value: unknown, wanted: never, schema: JsonSchema): readonly string[]
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const unless = (isRight: boolean, wrong: string): readonly string[] => (isRight ? [] : [wrong])
const below = (name: string | number, found: readonly string[]): readonly string[] => found.map((wrong) => `.${name}${wrong}`)

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: isText,
  number: isNumber,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: isGroup,
}

/** Keywords that only explain. */
const words = new Set(['$schema', '$id', 'title', 'description', 'default', 'examples'])

const keywords: Readonly<Record<string, Keyword>> = {
  type: (value, type: string) => unless(types[type]?.(value) ?? false, ` is not of type ${type}`),
  const: (value, only: unknown) => unless(value === only, ` is not ${JSON.stringify(only)}`),
  enum: (value, all: readonly unknown[]) => unless(all.includes(value), ` is none of ${JSON.stringify(all)}`),
  anyOf: (value, forms: readonly JsonSchema[]) => {
    const found = forms.map((form) => validate(form, value))
    return found.some((wrong) => wrong.length === 0) ? [] : found.flat()
  },
  properties: (value, members: Readonly<Record<string, JsonSchema>>) =>
    isGroup(value)
      ? Object.entries(members).flatMap(([name, member]) => (Object.hasOwn(value, name) ? below(name, validate(member, value[name])) : []))
      : [],
  additionalProperties: (value, member: JsonSchema | false, { properties = {} }) =>
    isGroup(value)
      ? Object.keys(value)
          .filter((name) => !Object.hasOwn(properties as object, name))
          .flatMap((name) => below(name, member === false ? [' is not known'] : validate(member, value[name])))
      : [],
  propertyNames: (value, schema: JsonSchema) => (isGroup(value) ? Object.keys(value).flatMap((name) => validate(schema, name)) : []),
  required: (value, names: readonly string[]) =>
    isGroup(value) ? names.flatMap((name) => unless(Object.hasOwn(value, name), `.${name} is missing`)) : [],
  items: (value, schema: JsonSchema) =>
    Array.isArray(value) ? value.flatMap((each: unknown, index) => below(index, validate(schema, each))) : [],
  minItems: (value, least: number) => unless(!Array.isArray(value) || value.length >= least, ` has fewer than ${least} entries`),
  maxItems: (value, most: number) => unless(!Array.isArray(value) || value.length <= most, ` has more than ${most} entries`),
  minProperties: (value, least: number) =>
    unless(!isGroup(value) || Object.keys(value).length >= least, ` has fewer than ${least} members`),
  minLength: (value, least: number) => unless(!isText(value) || Array.from(value).length >= least, ` is shorter than ${least}`),
  maxLength: (value, most: number) => unless(!isText(value) || Array.from(value).length <= most, ` is longer than ${most}`),
  pattern: (value, pattern: string) => unless(!isText(value) || new RegExp(pattern, 'u').test(value), ` does not match ${pattern}`),
  minimum: (value, least: number) => unless(!isNumber(value) || value >= least, ` is less than ${least}`),
  maximum: (value, most: number) => unless(!isNumber(value) || value <= most, ` is more than ${most}`),
  exclusiveMinimum: (value, below: number) => unless(!isNumber(value) || value > below, ` is not above ${below}`),
}

/** Returns what a JSON schema (draft 07) finds wrong with a value; throws for a keyword that is not known here. */
export function validate(schema: JsonSchema, value: unknown): readonly string[] {
  return Object.entries(schema).flatMap(([name, wanted]) => {
    if (words.has(name)) return []
    const keyword = keywords[name]
    if (keyword === undefined) throw new Error(`The validator of the tests does not know the keyword "${name}".`)
    return keyword(value, wanted as never, schema)
  })
}

/** Throws for a keyword that is not known here, wherever it stands in the schema: `validate` sees only what a value reaches. */
export function checkKeywords(schema: JsonSchema): void {
  for (const [name, wanted] of Object.entries(schema)) {
    if (!words.has(name) && keywords[name] === undefined) throw new Error(`The validator of the tests does not know the keyword "${name}".`)
    if (name === 'properties') for (const each of Object.values(wanted as object) as JsonSchema[]) checkKeywords(each)
    if (name === 'anyOf') for (const each of wanted as JsonSchema[]) checkKeywords(each)
    if ((name === 'additionalProperties' || name === 'propertyNames' || name === 'items') && isGroup(wanted)) checkKeywords(wanted)
  }
}
