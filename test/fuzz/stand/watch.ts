/**
 * Loaded with `--import` into each process under test: measures the turns of its loop from inside, and tells of them
 * over the channel to whoever started it. The process itself does not know of it.
 */

import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { Question, Vitals } from './vitals.js'

/** How often the loop is looked at, in milliseconds. */
const tickMs = 4

let seenAt = performance.now()
let cpuThen = process.cpuUsage()
let longestTurnMs = 0
const warnings: string[] = []

/**
 * A tick that comes late shows a turn that took long. On a machine with other work the wall clock alone would blame
 * this process for waiting, so a turn lasts as long as the clock and the processor both say.
 */
function look(): void {
  const now = performance.now()
  const cpu = process.cpuUsage()
  const cpuMs = (cpu.user - cpuThen.user + (cpu.system - cpuThen.system)) / 1000
  longestTurnMs = Math.max(longestTurnMs, Math.min(now - seenAt - tickMs, cpuMs))
  seenAt = now
  cpuThen = cpu
}

/** Connections that were taken and are not closed. */
let clients = 0
subscribe('net.server.socket', (message) => {
  clients += 1
  ;(message as { readonly socket: Socket }).socket.once('close', () => {
    clients -= 1
  })
})

/**
 * Whether Express itself reads a target (by `parseurl`), before any middleware. Node warns once of a host with an odd port there, such
 * as `http://a:b/`, also in an application without Postern.
 */
function isOfExpress(stack: string): boolean {
  return stack.includes('/node_modules/parseurl/')
}

setInterval(look, tickMs).unref()
process.on('warning', ({ name, message, stack = '' }) => {
  if (!isOfExpress(stack)) warnings.push(`${name}: ${message}`)
})
process.on('message', (question: Question | object) => {
  if (!('collect' in question)) return
  look()
  if (question.collect) globalThis.gc?.()
  const vitals: Vitals = {
    longestTurnMs,
    warnings: warnings.splice(0),
    clients,
    inUse: process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap').length,
    heapBytes: process.memoryUsage().heapUsed,
  }
  longestTurnMs = 0
  process.send?.(vitals)
  // What the question itself took is nobody's turn.
  seenAt = performance.now()
  cpuThen = process.cpuUsage()
})
process.channel?.unref()
