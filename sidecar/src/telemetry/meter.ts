import type { CallCourse, LedgerEntry, Witness } from '@postern/ports'
import { CallCells } from './call-cells.js'
import { type Families, openFamilies } from './families.js'
import { GatewayCells } from './gateway-cells.js'
import { issuersOf, type Labelled, LabelNames, statusClass } from './label-names.js'

/** How many combinations of gateway, key and model are counted apart at most. */
const maxCells = 2000

/** Counts what happens, in memory. */
export interface Meter {
  readonly witness: Witness
  readonly families: Families
}

/**
 * Makes a meter. It counts from now on, also if no program asks for the numbers: it keeps plain numbers, so it needs no library.
 *
 * @param current The configuration in use, which names the values of labels.
 */
export function createMeter(current: () => Labelled): Meter {
  const families = openFamilies()
  const names = new LabelNames(current)
  const gateways = new Map<string, GatewayCells>()
  /** By gateway, key and model. */
  const calls = new Map<string, Map<string, Map<string, CallCells>>>()
  let cells = 0

  function gatewayOf(name: string | undefined): GatewayCells {
    const label = names.gateways.labelOf(name)
    let found = gateways.get(label)
    if (found === undefined) gateways.set(label, (found = new GatewayCells(families, label)))
    return found
  }

  function cellsOf(gateway: string, key: string, model: string): CallCells {
    let keys = calls.get(gateway)
    if (keys === undefined) calls.set(gateway, (keys = new Map<string, Map<string, CallCells>>()))
    let models = keys.get(key)
    const known = models?.get(model)
    if (known !== undefined) return known
    if (cells >= maxCells && (key !== 'other' || model !== 'other')) return cellsOf(gateway, 'other', 'other')
    if (models === undefined) keys.set(key, (models = new Map<string, CallCells>()))
    const made = new CallCells(families, names, gateway, key, model)
    models.set(model, made)
    cells += 1
    return made
  }

  function endCall(entry: LedgerEntry, course: CallCourse): void {
    const gateway = gatewayOf(entry.gateway)
    const model = names.model(entry.model_requested, entry.model)
    const own = cellsOf(names.gateways.labelOf(entry.gateway), names.key(entry.key), model)
    own.ended(entry)
    gateway.duration(entry.status).observe(entry.duration_ms / 1000)
    gateway.ending(entry.finish).value += 1
    if (entry.overhead_ms !== undefined) gateway.overhead.observe(entry.overhead_ms / 1000)
    if (entry.booked !== undefined) families.booked.of(entry.booked).value += 1
    if (course.begunAt !== 0) {
      gateway.active.value -= 1
      if (course.limits !== undefined) for (const { rule } of course.limits) openReservations(rule.title).value -= 1
    }
    const { stream } = course
    if (stream === undefined || stream.pieces === 0) return
    own.heardFirst((stream.firstAt - course.startedAt) / 1000)
    if (stream.pieces === 1) return
    gateway.largestGap.observe(stream.largestGapMs / 1000)
    gateway.meanGap.observe((stream.lastAt - stream.firstAt) / (stream.pieces - 1) / 1000)
  }

  function countOwn({ status, code }: LedgerEntry): void {
    families.ownRequests.of(statusClass(status), names.code(code)).value += 1
  }

  const openReservations = (title: string) => families.openReservations.of(names.rules.labelOf(title))

  const refresh = (): void => {
    names.refresh()
    for (const issuer of issuersOf(current())) if (!issuers.has(issuer)) setIssuer(issuer, 1)
    for (const gateway of Object.keys(current().config.gateways)) {
      if (known.has(gateway) || names.gateways.labelOf(gateway) === 'other') continue
      known.add(gateway)
      families.gatewayUp.of(gateway).value = 1
    }
  }
  const issuers = new Set<string>()
  /** The gateways that have a series. */
  const known = new Set<string>()
  const setIssuer = (issuer: string, value: number): void => {
    const label = names.issuers.labelOf(issuer)
    if (label !== 'other') issuers.add(issuer)
    families.issuerUp.of(label).value = value
  }

  families.storeUp.of().value = 1
  if (current().config.backend !== undefined) families.backendUp.of().value = 1
  if (current().config.ledger !== undefined) families.ledgerUp.of().value = 1
  refresh()

  const witness: Witness = (event) => {
    switch (event.type) {
      case 'call_begun':
        gatewayOf(event.gateway).active.value += 1
        if (event.limits === undefined) break
        for (const { rule } of event.limits) {
          families.reservations.of(names.rules.labelOf(rule.title)).value += 1
          openReservations(rule.title).value += 1
        }
        break
      case 'call_queued':
        gatewayOf(event.gateway).queue.value += 1
        break
      case 'call_left_queue': {
        const { queue, granted, givenUp } = gatewayOf(event.gateway)
        queue.value -= 1
        ;(event.granted ? granted : givenUp).observe(event.waitedMs / 1000)
        break
      }
      case 'stream_begun':
        gatewayOf(event.gateway).openStreams.value += 1
        break
      case 'stream_ended':
        gatewayOf(event.gateway).openStreams.value -= 1
        break
      case 'attempt_failed':
        families.attempts.of(names.gateways.labelOf(event.gateway), names.key(event.key), names.code(event.code)).value += 1
        break
      case 'key_rejected':
        families.rejectedKeys.of(names.gateways.labelOf(event.gateway), names.key(event.key)).value += 1
        break
      case 'leak_found':
        families.leaks.of(names.key(event.key)).value += 1
        break
      case 'limit_refused':
        families.limitRefusals.of(names.rules.labelOf(event.rule), names.code(event.code)).value += 1
        break
      case 'call_ended':
        if (event.entry.own === true) countOwn(event.entry)
        else endCall(event.entry, event.course)
        break
      case 'backend_ended': {
        const status = statusClass(event.status)
        families.backendRequests.of(status, names.code(event.code)).value += 1
        families.backendDuration.of(status).observe(event.durationMs / 1000)
        break
      }
      case 'store_lost':
      case 'store_back':
        families.storeUp.of().value = event.type === 'store_back' ? 1 : 0
        break
      case 'issuer_lost':
      case 'issuer_back':
        setIssuer(event.issuer, event.type === 'issuer_back' ? 1 : 0)
        break
      case 'gateway_lost':
      case 'gateway_back':
        families.gatewayUp.of(names.gateways.labelOf(event.gateway)).value = event.type === 'gateway_back' ? 1 : 0
        break
      case 'ledger_lost':
      case 'ledger_back':
        families.ledgerUp.of().value = event.type === 'ledger_back' ? 1 : 0
        break
      case 'backend_lost':
      case 'backend_back':
        families.backendUp.of().value = event.type === 'backend_back' ? 1 : 0
        break
      case 'configuration_taken':
        families.reloads.of(event.by, 'taken').value += 1
        refresh()
        break
      case 'configuration_refused':
        families.reloads.of(event.by, 'refused').value += 1
        break
      // Not counted: a call that finds no key is counted as refused, with `key_unavailable`.
      case 'key_changed':
      case 'key_source_lost':
      case 'key_source_back':
        break
    }
  }
  return { witness, families }
}
