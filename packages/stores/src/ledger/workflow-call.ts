import type { CallEnding, KeptCall, WorkflowCall } from '@postern/ports'

/** The most calls of one workflow that are read. */
export const maxCalls = 10_000

/** What is read of a call of a workflow. */
export const workflowColumns = [
  'id',
  'request_id',
  'step',
  'parent_step',
  'time',
  'duration_ms',
  'user',
  'team',
  'project',
  'key',
  'gateway',
  'model',
  'status',
  'code',
  'finish',
  'input',
  'output',
  'cost',
  'unit',
  'estimated',
]

/** What is read of a call that is asked for by itself. */
export const callColumns = [...workflowColumns, 'workflow', 'method', 'path', 'via', 'caller']

/** The endings of calls by the values of the column `finish`. */
export const finishesOf: Readonly<Record<CallEnding, readonly string[]>> = {
  refused: ['refused'],
  failed: ['upstream_error', 'truncated', 'interrupted'],
}

/** A row with these columns. */
export type FoundCall = Readonly<Record<string, string | number | null>>

/** The call of a row. */
export function callOf(found: FoundCall, attempts: readonly (readonly [number, string])[]): WorkflowCall {
  const text = <Name extends string>(name: Name, column: string) => textIn(found, name, column)
  const number = <Name extends string>(name: Name): Readonly<Partial<Record<Name, number>>> =>
    (typeof found[name] === 'number' ? { [name]: found[name] } : {}) as Partial<Record<Name, number>>
  const { cost, unit } = found
  return {
    requestId: String(found['request_id']),
    ...text('step', 'step'),
    ...text('parentStep', 'parent_step'),
    startMs: Number(found['time']),
    durationMs: Number(found['duration_ms']),
    ...text('user', 'user'),
    ...text('team', 'team'),
    ...text('project', 'project'),
    ...text('key', 'key'),
    ...text('gateway', 'gateway'),
    ...text('model', 'model'),
    status: Number(found['status']),
    ...text('code', 'code'),
    ...text('finish', 'finish'),
    earlier: attempts.map(([attempt, code]) => ({ attempt, code })),
    ...number('input'),
    ...number('output'),
    ...(typeof cost === 'number' ? { cost: { unit: String(unit), amount: BigInt(cost) } } : {}),
    ...(Number(found['estimated'] ?? 0) === 0 ? {} : { estimated: true as const }),
  }
}

/** The call of a row with {@link callColumns}. */
export function keptCallOf(found: FoundCall, attempts: readonly (readonly [number, string])[]): KeptCall {
  return {
    ...callOf(found, attempts),
    ...textIn(found, 'workflow', 'workflow'),
    method: String(found['method']),
    path: String(found['path']),
    ...textIn(found, 'via', 'via'),
    ...textIn(found, 'caller', 'caller'),
  }
}

function textIn<Name extends string>(found: FoundCall, name: Name, column: string): Readonly<Partial<Record<Name, string>>> {
  const value = found[column]
  return (typeof value === 'string' && value !== '' ? { [name]: value } : {}) as Partial<Record<Name, string>>
}
