import type { Expose } from '../telemetry/exposition.js'
import type { AdminRoute } from './route.js'

/** What is counted, in the text format of Prometheus. It names keys and what they cost, so it has a role like the rest. */
export function metricsRoute(expose: Expose): AdminRoute {
  return {
    method: 'get',
    path: '/metrics',
    role: 'read',
    async handle({ response }) {
      const { contentType, text } = await expose()
      response.set({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }).send(text)
    },
  }
}
