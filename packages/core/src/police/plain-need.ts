import type { Route } from '../resolve/route.js'
import { Measuring } from './measure.js'
import type { Need } from './need.js'
import { nothingWritten } from './read-again.js'

/** The least that a request can use which names this model and says nothing else, for a dry run. */
export function plainNeed(route: Route, model: string | undefined): Need {
  return new Measuring(route, '').need(model === undefined ? {} : { model }, nothingWritten, model)
}
