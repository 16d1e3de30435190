import { type Arrival, type Principal, Refusal } from '@postern/ports'
import { headerNames } from '@postern/protocol'
import type { Policy } from './policies.js'

const headers = { workflow: headerNames.workflow, step: headerNames.step } as const

/**
 * Checks that a request brings the tags that the policy demands; `tag` checks their form. A workflow that the credential names counts.
 *
 * @throws {Refusal} 400 `tag_invalid`.
 */
export function checkTags({ requires }: Policy, arrival: Pick<Arrival, 'headers'>, { bounds }: Pick<Principal, 'bounds'>): void {
  for (const tag of requires) {
    const header = headers[tag]
    const isThere = (arrival.headers[header.toLowerCase()] ?? '') !== '' || (tag === 'workflow' && bounds?.workflow !== undefined)
    if (isThere) continue
    const message = `Each call of this caller says its ${tag}, and this one does not.`
    const help = `Send ${header}: a name of 1 to 64 letters, digits, underscores or hyphens. For the operator: policies.require demands it.`
    throw new Refusal('tag_invalid', { message, help, param: header.toLowerCase() })
  }
}
