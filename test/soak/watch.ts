/** Loaded with `--import` into the process under test: answers each message with its vitals. The process itself does not know of it. */

import { PerformanceObserver } from 'node:perf_hooks'
import type { Vitals } from './vitals.js'

let least = Number.POSITIVE_INFINITY

// After each collection of garbage; forcing one would hide how the process does by itself.
new PerformanceObserver(() => {
  least = Math.min(least, process.memoryUsage().heapUsed)
}).observe({ entryTypes: ['gc'] })

process.on('message', (question) => {
  if (question !== 'vitals') return
  const { heapUsed, external } = process.memoryUsage()
  const vitals: Vitals = {
    heapBytes: Math.min(least, heapUsed),
    outsideBytes: external,
    handles: process.getActiveResourcesInfo().length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  }
  least = Number.POSITIVE_INFINITY
  process.send?.(vitals)
})
process.channel?.unref()
