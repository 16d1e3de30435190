import type { EntryOwner } from '../entry-owner.js'
import { StoreFull } from '../reach-store.js'

/** Whoever has fewer entries than this is also let into the part of the room that is kept for such callers. */
const fewEntries = 32

/** The part of the room that is for callers with more entries. */
const partForMany = 3 / 4

/** How often what is over is deleted, and how often after an entry had no room, in milliseconds. */
const sweepMs = 10_000
const fullSweepMs = 1000

/** Entries whose owner was not said have one owner. */
const unsaid: EntryOwner = { tenant: '', caller: '' }

interface Tenant {
  readonly name: string
  entries: number
  readonly callers: Map<string, Share>
}

/** What one caller has of the room. */
export interface Share {
  readonly caller: string
  readonly tenant: Tenant
  entries: number
}

/**
 * The room for the entries of a memory store, and who has how much of it. Nothing that is remembered may be forgotten early, so whoever
 * has too much is refused, and nobody else: an entry has room while what its caller has, what its tenant has and what all have are
 * together less than the bound. The more is taken, the less may one caller have, and before nothing is left for the others, who has most
 * is refused. A caller alone gets a quarter of the room, and a tenant alone three eighths of it, or half if its callers have few entries
 * each. Each step costs the same, however many callers there are.
 */
export class Room {
  readonly #most: number
  readonly #tenants = new Map<string, Tenant>()
  #entries = 0
  #sweptAt: number
  #wasRefused = false

  /** @param most How many entries there are at most. */
  constructor(most: number, nowMs: number) {
    this.#most = most
    this.#sweptAt = nowMs
  }

  /** Whether what is over is to be deleted now. */
  isSweepDue(nowMs: number): boolean {
    if (nowMs - this.#sweptAt < (this.#wasRefused ? fullSweepMs : sweepMs)) return false
    this.#sweptAt = nowMs
    this.#wasRefused = false
    return true
  }

  /**
   * Checks that an owner has room for so many further entries.
   *
   * @throws {StoreFull} if it has not.
   */
  check(owner: EntryOwner = unsaid, more = 1): void {
    const tenant = this.#tenants.get(owner.tenant)
    const share = tenant?.callers.get(owner.caller)
    if (more === 0 || this.#hasRoom(share?.entries ?? 0, tenant?.entries ?? 0, more)) return
    this.#wasRefused = true
    throw new StoreFull('The store has no room for more entries of this caller.')
  }

  /** Counts a further entry of an owner. Whoever deletes the entry gives the share to `leave`. */
  enter({ tenant: name, caller }: EntryOwner = unsaid): Share {
    let tenant = this.#tenants.get(name)
    if (tenant === undefined) this.#tenants.set(name, (tenant = { name, entries: 0, callers: new Map() }))
    let share = tenant.callers.get(caller)
    if (share === undefined) tenant.callers.set(caller, (share = { caller, tenant, entries: 0 }))
    this.#add(share, 1)
    return share
  }

  /** An entry was deleted. */
  leave(share: Share): void {
    this.#add(share, -1)
    const { tenant, caller } = share
    if (share.entries === 0) tenant.callers.delete(caller)
    if (tenant.entries === 0) this.#tenants.delete(tenant.name)
  }

  /** Whether an owner that has this share would be refused now. */
  isFullFor({ entries, tenant }: Share): boolean {
    return !this.#hasRoom(entries, tenant.entries, 1)
  }

  #hasRoom(ofCaller: number, ofTenant: number, more: number): boolean {
    const before = more - 1
    const bound = ofCaller + before < fewEntries ? this.#most : this.#most * partForMany
    return ofCaller + ofTenant + this.#entries + 3 * before < bound
  }

  #add(share: Share, entries: number): void {
    share.entries += entries
    share.tenant.entries += entries
    this.#entries += entries
  }
}
