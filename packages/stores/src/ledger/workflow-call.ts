import type { WorkflowCall } from '@postern/ports'

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
]

/** A row with these columns. */
export type FoundCall = Readonly<Record<string, string | number | null>>

/** The call of a row. */
export function callOf(found: FoundCall, attempts: readonly (readonly [number, string])[]): WorkflowCall {
  const text = <Name extends string>(name: Name, column: string): Readonly<Partial<Record<Name, string>>> =>
    (typeof found[column] === 'string' && found[column] !== '' ? { [name]: found[column] } : {}) as Partial<Record<Name, string>>
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
  }
}
