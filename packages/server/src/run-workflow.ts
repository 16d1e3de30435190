import { tagPattern } from '@postern/protocol'
import { runningTags, runUnder, type Tags } from './running-tags.js'
import { tagHeaders } from './tag-headers.js'

/** A run under way. */
export interface Workflow {
  readonly tags: Tags
  /** The tags as headers, for what takes no `fetch`. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Runs a step, and gives what it gives. The step of this run that is running around the call is its parent.
   *
   * @throws {TypeError} where the name is not 1 to 64 letters, digits, underscores and hyphens.
   */
  step<Result>(name: string, run: (step: Step) => Result): Result
}

/** A step under way; a step of it has it as its parent, wherever that one is begun. */
export interface Step extends Workflow {}

/**
 * Runs a workflow: every call that begins inside, however deep and beside how many others, is tagged with the
 * run, its step and the step that caused that one, by any client whose `fetch` is Postern's. Nothing is passed
 * along by hand.
 *
 * @param id 1 to 64 letters, digits, underscores and hyphens; in the gateway's logs it begins every request id.
 * @returns What `run` gives, a promise or not.
 * @throws {TypeError} where the id is something else.
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
