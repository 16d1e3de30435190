import type { GovernanceRecord } from '@postern/protocol'
import type { Permit } from './police/permit.js'
import type { Route } from './resolve/route.js'
import type { Tags } from './tag/index.js'

/** The part of a governance record that is known before there is an answer. */
export function beginRecord(tags: Tags, route?: Route, permit?: Permit): GovernanceRecord {
  const record: { -readonly [Field in keyof GovernanceRecord]: GovernanceRecord[Field] } = {
    request_id: tags.requestId,
    attempt: tags.attempt,
  }
  if (tags.workflow !== undefined) record.workflow = tags.workflow
  if (tags.step !== undefined) record.step = tags.step
  if (route !== undefined) {
    record.gateway = route.gateway.name
    record.key = route.key.alias
  }
  if (permit?.modelRequested !== undefined) record.model_requested = permit.modelRequested
  return record
}

/** Times in records are exact to a microsecond. */
export function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
