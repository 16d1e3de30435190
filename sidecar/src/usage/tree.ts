import { type UsageCost, type WorkflowCall, writeAmount } from '@postern/ports'
import { showName } from '../print.js'
import { sumCosts } from './total.js'
import { countOf } from '../count-of.js'

/** How deep lines are indented at most; what lies deeper is all there, under one another. */
const maxIndent = 30

/** The calls of one step under one parent. */
interface Step {
  readonly name: string | undefined
  readonly parentName: string | undefined
  readonly calls: WorkflowCall[]
  parent: Step | undefined
  readonly children: Step[]
}

/** The lines of a run as a tree: a line for each step under its parent, in the order of their first calls. Every call is in one line. */
export function drawTree(calls: readonly WorkflowCall[]): readonly string[] {
  const steps = stepsOf(calls)
  findParents(steps)
  const roots: Step[] = []
  for (const step of steps) (step.parent?.children ?? roots).push(step)
  const slowest = slowestOf(steps)
  const begin = Math.min(...calls.slice(0, 1).map(({ startMs }) => startMs))
  const lines: string[] = []
  // A list and no recursion: a client may name any depth of steps.
  const open = roots.map((step, index) => ({ step, depth: 0, before: '', isLast: index === roots.length - 1 })).toReversed()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { step, depth, before, isLast } = next
    const mark = steps.length > 1 && step === slowest ? '  ← slowest' : ''
    lines.push(`${before}${isLast ? '└─ ' : '├─ '}${describe(step, begin)}${mark}`)
    const inside = depth < maxIndent ? `${before}${isLast ? '   ' : '│  '}` : before
    const { children } = step
    for (let index = children.length - 1; index >= 0; index -= 1)
      open.push({ step: children[index] as Step, depth: depth + 1, before: inside, isLast: index === children.length - 1 })
  }
  return lines
}

function stepsOf(calls: readonly WorkflowCall[]): readonly Step[] {
  const steps = new Map<string, Step>()
  for (const call of calls) {
    const key = JSON.stringify([call.step, call.parentStep])
    const step = steps.get(key)
    if (step !== undefined) step.calls.push(call)
    else steps.set(key, { name: call.step, parentName: call.parentStep, calls: [call], parent: undefined, children: [] })
  }
  return [...steps.values()]
}

/** Links each step to the first one of its parent's name, unless that closes a circle: who is in a circle has no parent. */
function findParents(steps: readonly Step[]): void {
  const byName = new Map<string, Step>()
  for (const step of steps) if (step.name !== undefined && !byName.has(step.name)) byName.set(step.name, step)
  const finished = new Set<Step>()
  for (const step of steps) {
    const path = new Set<Step>()
    for (let at: Step | undefined = step; at !== undefined && !finished.has(at); at = at.parent) {
      path.add(at)
      const parent: Step | undefined = at.parentName === undefined ? undefined : byName.get(at.parentName)
      at.parent = parent === undefined || path.has(parent) ? undefined : parent
    }
    for (const seen of path) finished.add(seen)
  }
}

/** From the beginning of the first call of a step to the end of its last one, in milliseconds. `undefined`: the process of each died, so nobody knows. */
function timeOf({ calls }: Step): number | undefined {
  const ended = calls.filter(({ finish }) => finish !== 'interrupted')
  return ended.length === 0 ? undefined : spanOf(ended)
}

/** The step that took longest; `undefined`: of none it is known that it took any time. */
function slowestOf(steps: readonly Step[]): Step | undefined {
  let slowest: Step | undefined
  let longestMs = 0
  for (const step of steps) {
    const ms = timeOf(step) ?? 0
    if (ms <= longestMs) continue
    longestMs = ms
    slowest = step
  }
  return slowest
}

/** From the beginning of the first call to the end of the last one, in milliseconds. */
export function spanOf(calls: readonly WorkflowCall[]): number {
  let [first, last] = [Infinity, -Infinity]
  for (const { startMs, durationMs } of calls) {
    first = Math.min(first, startMs)
    last = Math.max(last, startMs + durationMs)
  }
  return Math.max(0, last - first)
}

function describe(step: Step, beginMs: number): string {
  const { name, parentName, parent, calls } = step
  const ms = timeOf(step)
  const isEstimated = calls.some(({ estimated }) => estimated === true)
  const attempts = calls.reduce((sum, { earlier }) => sum + earlier.length, 0)
  const models = [...new Set(calls.flatMap(({ model }) => (model === undefined ? [] : [model])))]
  const codes = [...new Set(calls.flatMap(({ code }) => (code === undefined ? [] : [code])))]
  const ended = [
    ...new Set(calls.flatMap(({ code, finish = 'complete' }) => (code === undefined && finish !== 'complete' ? [finish] : []))),
  ]
  const facts = [
    showName(name ?? '(no step)'),
    ...(calls.length === 1 ? [] : [countOf(calls.length, 'call')]),
    `at ${formatMs((calls[0] as WorkflowCall).startMs - beginMs)}`,
    ms === undefined ? 'took nobody knows how long' : `took ${formatMs(ms)}`,
    `${describeCosts(calls.flatMap(({ cost }) => (cost === undefined ? [] : [cost])))}${isEstimated ? ' (estimated)' : ''}`,
    models.length > 3 ? countOf(models.length, 'model') : models.map(showName).join(', '),
    ...(attempts === 0 ? [] : [`${attempts} tried again`]),
    [...codes, ...ended].map(showName).join(', '),
    ...(parentName !== undefined && parent === undefined ? [`(under ${showName(parentName)}, which is no step above it)`] : []),
  ]
  return facts.filter((fact) => fact !== '').join('  ')
}

/** Amounts with their units, one after another; `no cost reported` for none. */
export function describeCosts(costs: readonly UsageCost[]): string {
  const sums = sumCosts(costs)
  return sums.length === 0 ? 'no cost reported' : sums.map(({ unit, amount }) => `${writeAmount(amount)} ${showName(unit)}`).join(' and ')
}

/** A time for people: `12 ms`, `1.5 s`, `2 min 3 s`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`
}
