import { answerAtDoor } from '@postern/core'
import type { Configuration } from '../configuration.js'
import type { AdminRoute } from './route.js'

/** Has the configuration read again. */
export function reloadRoute(configuration: Configuration): AdminRoute {
  return {
    method: 'post',
    path: '/reload',
    role: 'config',
    handle({ instance, request, response }) {
      const result = configuration.reload('admin')
      answerAtDoor(instance, request, response, { status: result.taken ? 200 : 422, body: result })
    },
  }
}
