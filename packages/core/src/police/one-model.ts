import { readingsOf, splitQuery } from '../lib/query-names.js'
import { squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import type { Visit } from './visit-members.js'

/** Names that gateways answer with several models at once. */
const severalModels = /openrouter\/+fusion/i

const mayNameModel = /model|fallback|[^\0-\x7f]/i

/**
 * A visit that refuses, under a ceiling, what is answered by several models: some gateways take a text with commas, or a list, for
 * as many models, and answer with each. A list to fall back on is answered by one.
 */
export const oneModel: Visit = ({ name, value, within, isTop, inContent }, eachItem) => {
  if (inContent || value === undefined) return
  if (!mayNameModel.test(name) && (within === undefined || !mayNameModel.test(within))) return
  if (squashName(name) === 'model') {
    if (isTop) refuseSeveralModels(value)
    else if (Array.isArray(value) || (typeof value === 'string' && value.includes(','))) throw refusal()
  }
  refuseAlias(value)
  eachItem(refuseAlias)
}

/** Refuses what is not the name of one model. */
export function refuseSeveralModels(model: unknown): void {
  if (typeof model !== 'string' || model === '' || model.includes(',') || model.trim() !== model) throw refusal()
  refuseAlias(model)
}

/** Refuses a query that names a model more than once: a server may take all of them. */
export function refuseModelsInQuery(query: string): void {
  const naming = splitQuery(query).filter((pair) => readingsOf(pair).some(({ name }) => squashName(name) === 'model'))
  if (naming.length > 1) throw refusal()
}

function refuseAlias(value: unknown): void {
  if (typeof value === 'string' && severalModels.test(value)) throw refusal()
}

function refusal(): Refusal {
  return new Refusal('request_malformed', {
    message: 'This caller may ask for a limited number of tokens, and so a request names one model, as a text without a comma.',
    param: 'model',
  })
}
