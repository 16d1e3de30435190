import type { Expose } from '../telemetry/exposition.js'
import type { AdminRoute } from './route.js'

/** Answers with the metrics in the text format of Prometheus. They name keys and costs, so the operator needs a role. */
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
