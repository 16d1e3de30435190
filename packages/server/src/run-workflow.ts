import { tagPattern } from '@postern/protocol'
import { runningTags, runUnder, type Tags } from './running-tags.js'
import { tagHeaders } from './tag-headers.js'

/** A running workflow. */
export interface Workflow {
  readonly tags: Tags
  /** The tags as headers, for SDKs that accept headers but no `fetch`. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Runs a step and returns what `run` returns. If a step of this workflow runs around the call, it is the parent.
   *
   * @throws {TypeError} if the name is not 1 to 64 letters, digits, underscores and hyphens.
   */
  step<Result>(name: string, run: (step: Step) => Result): Result
}

/** A running step. It is the parent of each step that is begun with its `step`, wherever that call is made. */
export interface Step extends Workflow {}

/**
 * Runs a workflow. Every call to Postern that begins inside `run`, at any depth and in parallel, is tagged with the
 * workflow, the step, and the step that caused that step. Any client whose `fetch` is Postern's does this; nothing is
 * passed by hand.
 *
 * @param id 1 to 64 letters, digits, underscores and hyphens. In the gateway's logs it begins every request id.
 * @returns What `run` returns, a promise or not.
 * @throws {TypeError} if the id has another form.
 *
 * @example
 * ```ts
 * const report = await runWorkflow('onboarding-42', async (workflow) => {
 *   const plan = await workflow.step('plan', () => agent.plan())
 *   return Promise.all(plan.map((part, index) => workflow.step(`write-${index}`, () => agent.write(part))))
 * })
 * ```
 */
export function runWorkflow<Result>(id: string, run: (workflow: Workflow) => Result): Result {
  const tags: Tags = Object.freeze({ workflow: checkTag(id, 'The id of a workflow') })
  const workflow = describe(tags, (name, step) => {
    const around = runningTags()
    return runStep(id, name, around?.workflow === id ? around.step : undefined, step)
  })
  return runUnder(tags, () => run(workflow))
}

function runStep<Result>(workflow: string, name: string, parent: string | undefined, run: (step: Step) => Result): Result {
  const tags: Tags = Object.freeze({ workflow, step: checkTag(name, 'The name of a step'), parent })
  const step = describe(tags, (next, inner) => runStep(workflow, next, name, inner))
  return runUnder(tags, () => run(step))
}

function describe(tags: Tags, step: Workflow['step']): Workflow {
  return { tags, headers: tagHeaders(tags), step }
}

function checkTag(name: unknown, what: string): string {
  if (typeof name === 'string' && tagPattern.test(name)) return name
  throw new TypeError(`${what} has 1 to 64 letters, digits, underscores and hyphens.`)
}
