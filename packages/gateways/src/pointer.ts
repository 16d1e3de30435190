/**
 * A place in a JSON document: member names joined by `/`, as in RFC 6901 with two exceptions. There is no
 * escaping, and `name[]` stands for "the object in `name`, or each object of the array in `name`", because
 * gateways send the same record in both shapes.
 */
export type Pointer = `/${string}`

/** A {@link Pointer}, parsed once. */
export interface CompiledPointer {
  readonly segments: readonly Segment[]
  /** Whether it can stand for several values. */
  readonly many: boolean
}

interface Segment {
  readonly name: string
  readonly each: boolean
}

/** Parses a pointer. Any text that begins with `/` is a pointer, so it never throws. */
export function compilePointer(pointer: Pointer): CompiledPointer {
  const segments = pointer
    .slice(1)
    .split('/')
    .map((text) => (text.endsWith('[]') ? { name: text.slice(0, -2), each: true } : { name: text, each: false }))
  return { segments, many: segments.some((segment) => segment.each) }
}

const none: readonly unknown[] = []

/** Returns every value at the pointer, in document order; mostly one or none. `null` counts as absent. */
export function readAll(document: unknown, pointer: CompiledPointer): readonly unknown[] {
  if (!pointer.many) {
    const value = readOne(document, pointer)
    return value === undefined || value === null ? none : [value]
  }
  let values: unknown[] = [document]
  for (const segment of pointer.segments) {
    const next: unknown[] = []
    for (const value of values) {
      const member = readMember(value, segment.name)
      if (member === undefined || member === null) continue
      if (segment.each && Array.isArray(member)) next.push(...member)
      else next.push(member)
    }
    if (next.length === 0) return next
    values = next
  }
  return values
}

/** Returns the last string at the pointer that is not empty. */
export function readText(document: unknown, pointer: CompiledPointer): string | undefined {
  if (!pointer.many) return nonEmptyText(readOne(document, pointer))
  return readAll(document, pointer)
    .map(nonEmptyText)
    .findLast((text) => text !== undefined)
}

/** Returns the number at the pointer; the sum, if it stands in several entries. Decimal strings count as numbers. */
export function readNumber(document: unknown, pointer: CompiledPointer): number | undefined {
  return readSum(document, pointer, finiteNumber)
}

/** The same for a count: a whole number from 0 to the largest that is exact. Any other number is none. */
export function readCount(document: unknown, pointer: CompiledPointer): number | undefined {
  const sum = readSum(document, pointer, count)
  return sum === undefined || Number.isSafeInteger(sum) ? sum : undefined
}

function readSum(document: unknown, pointer: CompiledPointer, read: (value: unknown) => number | undefined): number | undefined {
  if (!pointer.many) return read(readOne(document, pointer))
  let sum: number | undefined
  for (const value of readAll(document, pointer)) {
    const number = read(value)
    if (number !== undefined) sum = sum === undefined ? number : addDecimals(sum, number)
  }
  return sum
}

function readOne(document: unknown, pointer: CompiledPointer): unknown {
  let value = document
  for (const segment of pointer.segments) value = readMember(value, segment.name)
  return value
}

/** Pointers come from dialects, never from a client: none of them names a member that every object inherits. */
function readMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function nonEmptyText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

const decimal = /^-?\d+(\.\d+)?$/

function finiteNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  return typeof value === 'string' && decimal.test(value) ? Number(value) : undefined
}

function count(value: unknown): number | undefined {
  const number = finiteNumber(value)
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

/** Adds without binary rounding: 0.1 + 0.2 is 0.3. */
function addDecimals(left: number, right: number): number {
  const places = Math.max(fractionDigits(left), fractionDigits(right))
  return Number((left + right).toFixed(places))
}

function fractionDigits(value: number): number {
  const [mantissa = '', exponent = '0'] = value.toString().split('e')
  const digits = mantissa.split('.')[1]?.length ?? 0
  return Math.min(20, Math.max(0, digits - Number(exponent)))
}
