import { parentStepHeader, stepHeader, workflowHeader, tagPattern } from '@postern/protocol'

/** What run and step a call belongs to. */
export interface Tags {
  readonly workflow: string
  readonly step?: string | undefined
  readonly parent?: string | undefined
}

/** Where `runWorkflow` of `@postern/server` says what is running; absent in browsers. */
const running = Symbol.for('postern.tags')

/** The tags of the workflow that is running around this call. */
export function currentTags(): Tags | undefined {
  return (globalThis as { readonly [running]?: () => Tags | undefined })[running]?.()
}

/** The headers that say tags. */
export function tagHeaders({ workflow, step, parent }: Tags): Record<string, string> {
  const headers = { [workflowHeader]: workflow, [stepHeader]: step, [parentStepHeader]: parent }
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** @throws {TypeError} where a name could not be a tag. */
export function checkTag(name: string): string {
  if (tagPattern.test(name)) return name
  throw new TypeError('A workflow or step has 1 to 64 letters, digits, _ and -.')
}
