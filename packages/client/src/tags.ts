import { parentStepHeader, stepHeader, workflowHeader, tagPattern } from '@postern/protocol'

/** The workflow and step that a call belongs to. */
export interface Tags {
  readonly workflow: string
  readonly step?: string | undefined
  readonly parent?: string | undefined
}

/**
 * Under this symbol `runWorkflow` of `@postern/server` puts a function that returns the running tags; absent in
 * browsers.
 */
const running = Symbol.for('postern.tags')

/** The tags of the workflow that is running around this call. */
export function currentTags(): Tags | undefined {
  return (globalThis as { readonly [running]?: () => Tags | undefined })[running]?.()
}

/** The headers that carry tags. */
export function tagHeaders({ workflow, step, parent }: Tags): Record<string, string> {
  const headers = { [workflowHeader]: workflow, [stepHeader]: step, [parentStepHeader]: parent }
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => !!entry[1]))
}

/** Returns the name. @throws {TypeError} if it does not match `tagPattern`. */
export function checkTag(name: string): string {
  if (tagPattern.test(name)) return name
  throw new TypeError('A workflow or step has 1 to 64 letters, digits, _ and -.')
}
