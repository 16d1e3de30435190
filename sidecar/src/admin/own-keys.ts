import { answerAtDoor, currentRuntime } from '@postern/instance'
import { listOwnKeys } from '../keys/list-own.js'
import { queryOf } from './query.js'
import type { AdminRoute } from './route.js'

/** How many keys are told at most. */
const mostKeys = 1000

/** Tells the keys of the configuration: where their secrets are, who uses them, and what is wrong with them. Never a secret. */
export const ownKeysRoute: AdminRoute = {
  method: 'get',
  path: '/keys/configured',
  role: 'read',
  handle({ instance, request, response }) {
    queryOf(request, [])
    const { config, keys } = currentRuntime(instance)
    const troubles = new Map(keys.troubles().map(({ alias, ...trouble }) => [alias, trouble]))
    const notices = new Map(keys.notices().map(({ alias, notice }) => [alias, notice]))
    const listed = listOwnKeys({ config })
    const told = listed.slice(0, mostKeys).map((key) => {
      const [trouble, notice] = [troubles.get(key.alias), notices.get(key.alias)]
      return { ...key, ...(trouble === undefined ? {} : { source: trouble }), ...(notice === undefined ? {} : { notice }) }
    })
    answerAtDoor(instance, request, response, { status: 200, body: { keys: told, total: listed.length } })
  },
}
