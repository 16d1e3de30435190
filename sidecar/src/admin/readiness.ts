import { answerAtDoor } from '@postern/instance'
import type { Readiness } from '../readiness/readiness.js'
import type { AdminRoute } from './route.js'

/** Says what is impaired, since when and why; `/readyz` tells everybody only what. */
export function readinessRoute(readiness: Readiness): AdminRoute {
  return {
    method: 'get',
    path: '/readiness',
    role: 'read',
    async handle({ instance, request, response }) {
      answerAtDoor(instance, request, response, { status: 200, body: await readiness.look() })
    },
  }
}
