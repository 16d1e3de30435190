import { answerAtDoor, beginAtDoor } from '@postern/instance'
import { noteReload } from '../audit/note-reload.js'
import type { Configuration } from '../configuration.js'
import type { AdminRoute } from './route.js'

/** Has the configuration read again. */
export function reloadRoute(configuration: Configuration): AdminRoute {
  return {
    method: 'post',
    path: '/reload',
    role: 'config',
    async handle({ instance, request, response, operator, audit }) {
      const by = { who: operator.name, request_id: beginAtDoor(instance, request) }
      await audit.begin({ ...by, what: 'reload', result: 'begun' })
      const result = configuration.reload('admin')
      await Promise.all([noteReload(audit, result, by), configuration.everywhere()])
      answerAtDoor(instance, request, response, { status: result.taken ? 200 : 422, body: result })
    },
  }
}
