import { splitQuery, readingsOf } from '../lib/query-names.js'
import { squashName } from '@postern/gateways'
import { Refusal } from '@postern/ports'
import type { Route } from '../resolve/route.js'

const namesModel = /model|^(?:engine|deployment)(?:id|name)?\d*$|^(?:fallbacks?|preset)\d*$/

/**
 * Checks the model in the path, and every query parameter that names a model: a gateway could use it. An endpoint whose
 * model is stored at the provider is refused, and so is a query that must name one model and names several.
 *
 * @throws {Refusal} 403 `model_not_allowed`.
 */
export function checkModelOutsideBody(
  { endpoint, modelInPath }: Pick<Route, 'endpoint' | 'modelInPath'>,
  query: string,
  check: (model: string | undefined) => void,
): void {
  if (endpoint.model === 'stored')
    throw new Refusal('model_not_allowed', {
      message: 'The policy allows only some models, and which one runs here is stored at the provider, where it cannot be read.',
    })
  if (endpoint.model === 'path') check(modelInPath)
  const named = query === '' ? [] : splitQuery(query).flatMap(readModel)
  for (const model of named) check(model)
  if (endpoint.model !== 'query' || named.length === 1) return
  if (named.length === 0) check(undefined)
  else throw new Refusal('model_not_allowed', { message: 'The query names its model more than once.', param: 'model' })
}

function readModel(pair: string): string[] {
  const readings = readingsOf(pair).filter(({ name }) => namesModel.test(squashName(name)))
  return [...new Set(readings.map(({ value }) => value))]
}
