import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createSqliteStore, StoreInUse } from '@postern/stores'
import { waitForClaim } from '@postern/stores/claim'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const home = resolve(import.meta.dirname, '../../packages/stores')
const inAMinute = (): number => Date.now() + 60_000

let folder: string
let file: string
const children: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-hand-over-'))
  file = join(folder, 'store.db')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** A process that waits for the claim; `lines` are what it prints: `waits`, `owner`. */
function waitElsewhere(): { readonly child: ChildProcess; readonly lines: () => readonly string[] } {
  const code = `import { waitForClaim } from '@postern/stores/claim'
    setInterval(() => {}, 1000)
    globalThis.claim = await waitForClaim(${JSON.stringify(file)}, { atMostMs: 60_000, onWait: () => console.log('waits') })
    console.log('owner')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: home, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let text = ''
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()))
  return { child, lines: () => text.split('\n').filter((line) => line !== '') }
}

describe('the claim on a sqlite store', () => {
  test('passes to the process that waits for it when it is released, and the wait is told once', async () => {
    const first = await waitForClaim(file, { atMostMs: 0 })
    const link = join(folder, 'link.db')
    symlinkSync('store.db', link)
    let told = 0
    const second = waitForClaim(link, { atMostMs: 10_000, onWait: () => (told += 1) })
    await expect.poll(() => told).toBe(1)
    await expect(waitForClaim(file, { atMostMs: 60 })).rejects.toThrow(StoreInUse)
    first.release()
    const claim = await second
    expect(told).toBe(1)
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    first.release()
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    claim.release()
    await createSqliteStore({ file, owner: true }).close()
  })

  test('passes to one of several processes that wait, also when its owner is killed', async () => {
    const owners = (all: readonly ReturnType<typeof waitElsewhere>[]): number => all.filter(({ lines }) => lines().includes('owner')).length
    const first = waitElsewhere()
    await expect.poll(() => owners([first]), { timeout: 15_000 }).toBe(1)
    const others = [waitElsewhere(), waitElsewhere(), waitElsewhere()]
    await expect.poll(() => others.map(({ lines }) => lines()), { timeout: 15_000 }).toEqual([['waits'], ['waits'], ['waits']])
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    await expect.poll(() => owners(others), { timeout: 15_000 }).toBe(1)
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    expect(owners(others)).toBe(1)
  })
})

describe('a sqlite store that was handed over', () => {
  test('finishes beside the next owner: counts go on together, a proof is taken once, and each reads what the other revokes', async () => {
    const claim = await waitForClaim(file, { atMostMs: 0 })
    const old = createSqliteStore({ file, claim })
    expect(await old.counters.add('calls', inAMinute())).toBe(1)
    claim.release()
    const next = createSqliteStore({ file, owner: true })
    const counted = await Promise.all([old, next, old, next].map((store) => store.counters.add('calls', inAMinute())))
    expect(counted.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5])
    const taken = await Promise.all([old, next, old, next].map((store) => store.seen.add('proof', inAMinute())))
    expect(taken.filter(Boolean)).toHaveLength(1)
    await old.revocations.append({ kind: 'id', name: 'by the old one', at: 1, until: inAMinute() })
    await next.revocations.append({ kind: 'id', name: 'by the next one', at: 1, until: inAMinute() })
    for (const store of [old, next])
      expect((await store.revocations.after()).items.map(({ name }) => name)).toEqual(['by the old one', 'by the next one'])
    await old.close()
    expect(await next.counters.add('calls', inAMinute())).toBe(6)
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    await next.close()
  })

  test('never takes the claim back, also where the owner file was removed', async () => {
    const claim = await waitForClaim(file, { atMostMs: 0 })
    const old = createSqliteStore({ file, claim })
    claim.release()
    rmSync(`${file}-owner`)
    // A revocation looks at the files at once; an owner would take the file again.
    await old.revocations.append({ kind: 'id', name: 'a', at: 1, until: inAMinute() })
    const next = createSqliteStore({ file, owner: true })
    expect(await next.counters.add('calls', inAMinute())).toBe(1)
    await next.close()
    await old.close()
  })

  test('gives the claim back when it is closed, or could not be opened', async () => {
    await createSqliteStore({ file, claim: await waitForClaim(file, { atMostMs: 0 }) }).close()
    await createSqliteStore({ file, owner: true }).close()
    const nowhere = await waitForClaim(file, { atMostMs: 0 })
    expect(() => createSqliteStore({ file: join(folder, 'none', 'store.db'), claim: nowhere })).toThrow(/does not exist/)
    await createSqliteStore({ file, owner: true }).close()
  })
})
