import { isRecord } from '../json-value.js'

type Path = (string | number)[]
type Issue = Record<string, unknown>
type Check = (value: unknown, path: Path) => Issue[]

const projectId = matching(/^[a-zA-Z0-9._:-]{1,64}$/)
const effort = oneOf(['auto', 'low', 'medium', 'high'])
const level = oneOf(['low', 'medium', 'high'])

/** Free AI: the request schemas of `src/index.ts` and `src/routes/`. Members they do not name are dropped, not refused. */
export const FREEAI_SCHEMAS = {
  chat: object({
    model: optional(text()),
    messages: optional(listOf(object({ role: oneOf(['system', 'user', 'assistant', 'tool']), content: content, name: optional(text()) }))),
    prompt: optional(text()),
    stream: optional(ofType('boolean')),
    temperature: optional(number(0, 2)),
    max_tokens: optional(number(1, 8192, true)),
    reasoning_effort: optional(effort),
    min_reasoning_level: optional(level),
    tools: optional(listOf(object({ type: oneOf(['function']), function: object({ name: text() }) }))),
    // `json_schema` is refused, not read as `json_object`.
    response_format: optional(object({ type: oneOf(['text', 'json_object']) })),
    project_id: optional(projectId),
  }),
  responses: object({
    model: optional(text()),
    input: present,
    stream: optional(ofType('boolean')),
    temperature: optional(number(0, 2)),
    max_output_tokens: optional(number(1, 8192, true)),
    reasoning_effort: optional(effort),
    min_reasoning_level: optional(level),
    reasoning: optional(object({ effort: optional(level) })),
    project_id: optional(projectId),
  }),
  embeddings: object({
    model: text(1),
    input: present,
    encoding_format: optional(oneOf(['float'])),
    dimensions: optional(number(1, 4096, true)),
    project_id: optional(projectId),
  }),
  image: object({
    model: optional(text()),
    prompt: text(1, 2000),
    n: optional(number(1, 4, true)),
    size: optional(oneOf(['256x256', '512x512', '1024x1024', '1024x1792', '1792x1024'])),
    response_format: optional(oneOf(['url', 'b64_json'])),
    project_id: optional(projectId),
  }),
  speech: object({
    model: optional(text()),
    input: text(1, 3000),
    voice: optional(text()),
    response_format: optional(oneOf(['mp3', 'wav', 'opus', 'flac'])),
    speed: optional(number(0.25, 4)),
    project_id: optional(projectId),
  }),
  video: object({
    model: optional(text()),
    prompt: text(1, 2000),
    duration_seconds: optional(number(1, 60, true)),
    aspect_ratio: optional(oneOf(['16:9', '9:16', '1:1'])),
    project_id: optional(projectId),
  }),
} satisfies Record<string, Check>

function object(members: Record<string, Check>): Check {
  return (value, path) =>
    isRecord(value)
      ? Object.entries(members).flatMap(([name, check]) => check(value[name], [...path, name]))
      : [mistyped('object', value, path)]
}

function optional(check: Check): Check {
  return (value, path) => (value === undefined ? [] : check(value, path))
}

function listOf(check: Check): Check {
  return (value, path) =>
    Array.isArray(value) ? value.flatMap((item, index) => check(item, [...path, index])) : [mistyped('array', value, path)]
}

function ofType(type: 'string' | 'number' | 'boolean'): Check {
  return (value, path) => (typeof value === type ? [] : [mistyped(type, value, path)])
}

function text(least = 0, most = Infinity): Check {
  return (value, path) => {
    if (typeof value !== 'string') return [mistyped('string', value, path)]
    if (value.length < least) return [tooSmall('string', 'characters', least, path)]
    const message = `Too big: expected string to have <=${most} characters`
    return value.length <= most ? [] : [{ origin: 'string', code: 'too_big', maximum: most, inclusive: true, path, message }]
  }
}

function number(least: number, most: number, whole = false): Check {
  return (value, path) => {
    if (typeof value !== 'number') return [mistyped('number', value, path)]
    if (whole && !Number.isInteger(value)) return [{ ...mistyped('int', value, path), format: 'safeint' }]
    const issue = { origin: 'number', inclusive: true, path }
    if (value < least) return [{ ...issue, code: 'too_small', minimum: least, message: `Too small: expected number to be >=${least}` }]
    return value <= most ? [] : [{ ...issue, code: 'too_big', maximum: most, message: `Too big: expected number to be <=${most}` }]
  }
}

function oneOf(values: readonly string[]): Check {
  const listed = values.map((value) => `"${value}"`).join('|')
  return (value, path) =>
    values.includes(value as string) ? [] : [{ code: 'invalid_value', values, path, message: `Invalid option: expected one of ${listed}` }]
}

function matching(pattern: RegExp): Check {
  const issue = { origin: 'string', code: 'invalid_format', format: 'regex', pattern: String(pattern) }
  const message = `Invalid string: must match pattern ${String(pattern)}`
  return (value, path) => {
    if (typeof value !== 'string') return [mistyped('string', value, path)]
    return pattern.test(value) ? [] : [{ ...issue, path, message }]
  }
}

/** Message content: text or a list of parts, and never empty or null. */
function content(value: unknown, path: Path): Issue[] {
  if (typeof value === 'string') return value === '' ? [tooSmall('string', 'characters', 1, path)] : []
  if (!Array.isArray(value)) return [{ code: 'invalid_union', errors: [], path, message: 'Invalid input' }]
  return value.length === 0 ? [tooSmall('array', 'items', 1, path)] : []
}

function present(value: unknown, path: Path): Issue[] {
  return value === undefined || value === null ? [{ code: 'invalid_union', errors: [], path, message: 'Invalid input' }] : []
}

function mistyped(expected: string, value: unknown, path: Path): Issue {
  const received = value === undefined ? 'undefined' : value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  return { expected, code: 'invalid_type', path, message: `Invalid input: expected ${expected}, received ${received}` }
}

function tooSmall(origin: string, unit: string, minimum: number, path: Path): Issue {
  const message = `Too small: expected ${origin} to have >=${minimum} ${unit}`
  return { origin, code: 'too_small', minimum, inclusive: true, path, message }
}
