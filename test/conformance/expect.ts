import assert from 'node:assert/strict'

/** Whether a value holds everything that is expected of it; a regular expression stands for a text, a function for a check. */
export function holds(actual: unknown, expected: unknown, where = 'it'): void {
  if (expected instanceof RegExp) {
    assert.match(String(actual), expected, where)
  } else if (typeof expected === 'function') {
    assert.ok((expected as (value: unknown) => boolean)(actual), `${where}: ${JSON.stringify(actual)}`)
  } else if (typeof expected === 'object' && expected !== null && !Array.isArray(expected)) {
    assert.ok(typeof actual === 'object' && actual !== null, `${where} is not there: ${JSON.stringify(actual)}`)
    for (const [name, value] of Object.entries(expected)) holds((actual as Record<string, unknown>)[name], value, `${where}.${name}`)
  } else {
    assert.deepEqual(actual, expected, where)
  }
}

export const isNumber = (value: unknown): boolean => typeof value === 'number'
export const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
