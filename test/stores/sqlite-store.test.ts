import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@postern/ports'
import { createSqliteStore, type Store, StoreInUse } from '@postern/stores'
import { openStoreFile } from '../../packages/stores/src/sqlite/store-file.js'
import { createCounts } from '../../packages/stores/src/sqlite/counts.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { timed } from '../support/stopwatch.js'

const home = resolve(import.meta.dirname, '../../packages/stores')

let folder: string
let file: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-sqlite-'))
  file = join(folder, 'store.db')
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** Runs code in a process of its own, where `file`, `createSqliteStore` and `inAMinute` are known, until it prints a line. */
async function runElsewhere(code: string): Promise<{ readonly line: string; kill(): Promise<void> }> {
  const head = `import { createSqliteStore } from '@postern/stores'
    const file = ${JSON.stringify(file)}
    const inAMinute = Date.now() + 60_000
    setInterval(() => {}, 1000)\n`
  const child = spawn(process.execPath, ['--input-type=module', '-e', head + code], { cwd: home, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    line: line.toString().trim(),
    async kill() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

const inAMinute = (): number => Date.now() + 60_000

/** What this process has open, by path; nothing where the system does not tell. */
function openPaths(): readonly string[] {
  const descriptors = '/proc/self/fd'
  if (!existsSync(descriptors)) return []
  return readdirSync(descriptors).flatMap((descriptor) => {
    try {
      return [readlinkSync(join(descriptors, descriptor))]
    } catch {
      return []
    }
  })
}

describe('what a sqlite store keeps', () => {
  test('is there after the process that wrote it was killed', async () => {
    const child = await runElsewhere(`
      const store = createSqliteStore({ file, owner: true })
      await store.seen.add('proof', inAMinute)
      await store.counters.add('calls', inAMinute)
      await store.counters.add('calls', inAMinute)
      await store.revocations.append({ kind: 'user', name: 'mallory', at: 1, until: inAMinute })
      console.log('written')`)
    expect(child.line).toBe('written')
    await child.kill()
    const store = createSqliteStore({ file, owner: true })
    expect(await store.seen.add('proof', inAMinute())).toBe(false)
    expect(await store.counters.add('calls', inAMinute())).toBe(3)
    expect((await store.revocations.after()).items.map(({ name }) => name)).toEqual(['mallory'])
    await store.close()
  })

  test('is in files that only its owner may read', async () => {
    const store = createSqliteStore({ file, owner: true })
    await store.revocations.append({ kind: 'user', name: 'someone', at: 1, until: inAMinute() })
    for (const ending of ['', '-wal', '-shm', '-owner', '-alive']) expect(statSync(file + ending).mode & 0o777).toBe(0o600)
    await store.close()
  })

  test('is in files that only its owner may read, also where a link leads to a file that is not there yet', async () => {
    mkdirSync(join(folder, 'data'))
    symlinkSync('data/current', file)
    symlinkSync('store.db', join(folder, 'data/current'))
    const store = createSqliteStore({ file, owner: true })
    await store.revocations.append({ kind: 'user', name: 'someone', at: 1, until: inAMinute() })
    for (const ending of ['', '-wal', '-shm', '-owner', '-alive'])
      expect(statSync(join(folder, `data/store.db${ending}`)).mode & 0o777, ending).toBe(0o600)
    expect(readdirSync(folder).toSorted()).toEqual(['data', 'store.db'])
    await store.close()
  })

  test('has no key in clear', async () => {
    const store = createSqliteStore({ file })
    await store.seen.add('a-proof-of-someone', inAMinute())
    await store.counters.add('a-call-of-someone', inAMinute())
    await store.close()
    const text = readFileSync(file, 'latin1')
    expect(text).not.toContain('of-someone')
  })

  test('is bounded: a new key rejects beyond, a known one is still counted, and what expires makes room', async () => {
    const store = createSqliteStore({ file, mostEntries: 100 })
    const until = Date.now() + 1500
    for (let index = 0; index < 100; index += 1) await store.seen.add(`key ${index}`, until)
    await expect(store.seen.add('one more', inAMinute())).rejects.toThrow('The store is full.')
    await expect(store.counters.add('one more', inAMinute())).rejects.toThrow('The store is full.')
    expect(await store.seen.add('key 7', inAMinute())).toBe(false)
    await sleep(1600)
    const told = await Promise.allSettled(Array.from({ length: 64 }, (_, index) => store.seen.add(`later ${index}`, inAMinute())))
    expect(told.at(-1)).toEqual({ status: 'fulfilled', value: true })
    await store.close()
  })

  test('is bounded the same after writes that failed: what they would have deleted still counts', async () => {
    const opened = openStoreFile({ file, owner: false, claim: undefined, log: () => {} })
    const { database } = opened
    const counts = createCounts(opened, 100)
    const start = Date.now()
    for (let index = 0; index < 60; index += 1) await counts.add(`over ${index}`, start + 1)
    while (Date.now() <= start + 1);
    for (let index = 0; index < 3; index += 1) await counts.add(`kept ${index}`, start + 60_000)
    await counts.add('kept 3', start + 60_000)
    // From now on every commit fails, as on a full disk, and the next call sweeps.
    const exec = database.exec.bind(database)
    database.exec = (sql) => {
      if (sql === 'COMMIT') throw new Error('The disk is full.')
      return exec(sql)
    }
    for (let index = 0; index < 200; index += 1)
      await expect(counts.add(`new ${index}`, start + 60_000)).rejects.toThrow('The disk is full.')
    database.exec = exec
    let added = 0
    try {
      for (; added < 300; added += 1) await counts.add(`later ${added}`, start + 60_000)
    } catch (error) {
      expect((error as Error).message).toBe('The store is full.')
    }
    expect(added).toBe(96)
    expect(database.prepare('SELECT count(*) AS count FROM counted').get()).toMatchObject({ count: 100 })
    opened.close()
  })

  test('is bounded the same for what is added in one turn, which is one transaction', async () => {
    const opened = openStoreFile({ file, owner: false, claim: undefined, log: () => {} })
    const { database } = opened
    const counts = createCounts(opened, 100)
    let commits = 0
    const exec = database.exec.bind(database)
    database.exec = (sql) => {
      if (sql === 'COMMIT') commits += 1
      return exec(sql)
    }
    const asked = [...Array.from({ length: 150 }, (_, index) => `key ${index}`), 'key 7', 'key 7']
    const told = await Promise.allSettled(asked.map((key) => counts.add(key, inAMinute())))
    expect(told.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message))).toEqual([
      ...Array.from({ length: 100 }, () => 1),
      ...Array.from({ length: 50 }, () => 'The store is full.'),
      2,
      3,
    ])
    expect(commits).toBe(1)
    expect(database.prepare('SELECT count(*) AS count FROM counted').get()).toMatchObject({ count: 100 })
    opened.close()
  })

  test('does not grow with what is over', async () => {
    const store = createSqliteStore({ file, mostEntries: 500 })
    for (let index = 0; index < 5000; index += 1) {
      expect(await store.seen.add(`key ${index}`, Date.now() + 2)).toBe(true)
      if (index % 100 === 0) await sleep(5)
    }
    await store.close()
  })
})

describe('the owner of a sqlite store', () => {
  const refusal = /Another process uses the store .*store\.db.*for one process.*stop that one.*store: \{ redis: \{ env: REDIS_URL \} \}/

  test('is one, also within a process', async () => {
    const first = createSqliteStore({ file, owner: true })
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    expect(() => createSqliteStore({ file, owner: true })).toThrow(refusal)
    expect(await first.seen.add('k', inAMinute())).toBe(true)
    await first.close()
    const second = createSqliteStore({ file, owner: true })
    expect(await second.seen.add('k', inAMinute())).toBe(false)
    await second.close()
  })

  test('is one, whether it comes by the name of the file or by a link', async () => {
    const link = join(folder, 'link.db')
    symlinkSync('store.db', link)
    const first = createSqliteStore({ file: link, owner: true })
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    expect(() => createSqliteStore({ file: link, owner: true })).toThrow(StoreInUse)
    await first.close()
    const second = createSqliteStore({ file, owner: true })
    expect(() => createSqliteStore({ file: link, owner: true })).toThrow(StoreInUse)
    await second.close()
  })

  test('is one among processes, and the system takes the file back when it is killed', async () => {
    const open = `try { globalThis.store = createSqliteStore({ file, owner: true }); console.log('owner') }
      catch (error) { console.log(error.name + ': ' + error.message) }`
    const first = await runElsewhere(open)
    expect(first.line).toBe('owner')
    const second = await runElsewhere(open)
    expect(second.line).toMatch(/^StoreInUse: /)
    expect(second.line).toMatch(refusal)
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    await first.kill()
    await createSqliteStore({ file, owner: true }).close()
    const third = await runElsewhere(open)
    expect(third.line).toBe('owner')
  })

  test('serves while another process writes revocations into the file', async () => {
    const store = createSqliteStore({ file, owner: true })
    const writing = runElsewhere(`
      const store = createSqliteStore({ file })
      for (let index = 0; index < 300; index += 1) await store.revocations.append({ kind: 'id', name: String(index), at: 1, until: inAMinute })
      await store.close()
      console.log('written')`)
    let calls = 0
    for (let done = false; !done; calls += 1) {
      await store.counters.add('k', inAMinute())
      done = await Promise.race([writing.then(() => true), sleep(0, false)])
    }
    expect((await store.revocations.after()).items.map(({ name }) => name)).toEqual(
      Array.from({ length: 300 }, (_, index) => String(index)),
    )
    expect(await store.counters.add('k', inAMinute())).toBe(calls + 1)
    await store.close()
  })

  test('waits for another process that writes, without standing still, and rejects in time', async () => {
    const store = createSqliteStore({ file, owner: true })
    await store.seen.add('k', inAMinute())
    const writer = await runElsewhere(`
      const { default: Database } = await import('libsql')
      globalThis.database = new Database(file)
      database.exec('BEGIN IMMEDIATE')
      console.log('writing')`)
    let ticks = 0
    const clock = setInterval(() => (ticks += 1), 5)
    const { result: results, ms } = await timed(
      Promise.allSettled([
        store.seen.add('a', inAMinute()),
        store.counters.add('a', inAMinute()),
        store.revocations.append({ kind: 'id', name: 'a', at: 1, until: inAMinute() }),
      ]),
    )
    clearInterval(clock)
    expect(ms).toBeLessThan(2000)
    // Some 200 on a quiet machine. A call that stood still until it is given up would leave room for one or two.
    expect(ticks).toBeGreaterThan(10)
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    const waiting = store.counters.add('a', inAMinute())
    await writer.kill()
    expect(await waiting).toBe(1)
    // What was given up must not keep back what is written now.
    await store.revocations.append({ kind: 'id', name: 'b', at: 1, until: inAMinute() })
    const onlooker = createSqliteStore({ file })
    expect((await onlooker.revocations.after()).items.map(({ name }) => name)).toEqual(['b'])
    expect(await onlooker.counters.add('a', inAMinute())).toBe(2)
    await onlooker.close()
    await store.close()
  })

  test('may be started by several processes at once on a file that is not there yet: one gets it, and it is sound', async () => {
    const open = `try { globalThis.store = createSqliteStore({ file, owner: true }); console.log('owner') } catch (error) { console.log(error.name) }`
    const lines = (await Promise.all(Array.from({ length: 4 }, () => runElsewhere(open)))).map(({ line }) => line)
    expect(lines.toSorted()).toEqual(['StoreInUse', 'StoreInUse', 'StoreInUse', 'owner'])
    const writer = createSqliteStore({ file })
    await writer.revocations.append({ kind: 'id', name: 'a', at: 1, until: inAMinute() })
    await writer.close()
  })

  test('is not asked for when a revocation is only written: several may begin a new file at once', async () => {
    const write = `const store = createSqliteStore({ file })
      await store.revocations.append({ kind: 'id', name: String(process.pid), at: 1, until: inAMinute })
      console.log('written')`
    const lines = (await Promise.all(Array.from({ length: 4 }, () => runElsewhere(write)))).map(({ line }) => line)
    expect(lines).toEqual(['written', 'written', 'written', 'written'])
    const store = createSqliteStore({ file })
    expect((await store.revocations.after()).items).toHaveLength(4)
    await store.close()
  })
})

describe('a sqlite store whose file is not at its path any more', () => {
  const endings = ['', '-wal', '-shm', '-owner']
  const away = (...moved: readonly string[]): void => {
    for (const ending of moved) renameSync(file + ending, `${file}${ending}.away`)
  }
  const back = (...moved: readonly string[]): void => {
    for (const ending of moved) renameSync(`${file}${ending}.away`, file + ending)
  }
  const revocation = (name: string) => ({ kind: 'user', name, at: 1, until: inAMinute() }) as const
  const lost = /was moved, removed or replaced while this process uses it/
  let told: string[]
  const log: Log = (level, message, facts) => told.push(`${level} ${message} ${String(facts?.['reason'])}`)
  const open = (): Store => createSqliteStore({ file, owner: true, log })

  beforeEach(() => {
    told = []
  })

  test.each<[how: string, lose: () => void]>([
    ['removed with all that is beside it', () => endings.forEach((ending) => rmSync(file + ending))],
    ['removed alone', () => rmSync(file)],
    ['moved with all that is beside it', () => away(...endings)],
    ['moved, and a copy put in its place', () => (away(''), copyFileSync(`${file}.away`, file))],
    ['replaced by a copy, as a backup is put back', () => (copyFileSync(file, `${file}.copy`), renameSync(`${file}.copy`, file))],
    ['moved, and begun anew by another store', () => (away(...endings), void createSqliteStore({ file }).close())],
    ['left alone, but its journal removed', () => rmSync(`${file}-wal`)],
    ['left alone, but the index of its journal moved', () => away('-shm')],
    ['moved with its folder', () => renameSync(folder, `${folder}-away`)],
  ])('takes no revocation when the file was %s, and soon nothing else, and says so once', async (_, lose) => {
    const store = open()
    await store.revocations.append(revocation('before'))
    lose()
    await expect(store.revocations.append(revocation('lost'))).rejects.toThrow(lost)
    await expect(store.seen.add('k', inAMinute())).rejects.toThrow(lost)
    await expect(store.counters.add('k', inAMinute())).rejects.toThrow(lost)
    await sleep(300)
    await expect(store.revocations.after()).rejects.toThrow(lost)
    expect(told).toEqual([expect.stringMatching(/^error store_lost .*moved, removed or replaced/)])
    await store.close()
    if (!existsSync(folder)) renameSync(`${folder}-away`, folder)
  })

  test('notices it also when it is only read, within a third of a second', async () => {
    const store = open()
    expect(await store.counters.add('k', inAMinute())).toBe(1)
    away(...endings)
    await sleep(300)
    await expect(store.revocations.after()).rejects.toThrow(lost)
    await store.close()
  })

  test('notices that a link leads to another file now', async () => {
    const link = join(folder, 'link.db')
    symlinkSync('store.db', link)
    const store = createSqliteStore({ file: link, owner: true, log })
    await createSqliteStore({ file: join(folder, 'other.db') }).close()
    rmSync(link)
    symlinkSync('other.db', link)
    await expect(store.revocations.append(revocation('lost'))).rejects.toThrow(lost)
    await store.close()
  })

  test('is used again, with all that it knew, when the files are back', async () => {
    const store = open()
    await store.revocations.append(revocation('before'))
    away(...endings)
    await expect(store.revocations.append(revocation('lost'))).rejects.toThrow(lost)
    back(...endings)
    await sleep(300)
    expect(await store.counters.add('k', inAMinute())).toBe(1)
    await store.revocations.append(revocation('after'))
    expect((await store.revocations.after()).items.map(({ name }) => name)).toEqual(['before', 'after'])
    expect(told.map((line) => line.split(' ', 2).join(' '))).toEqual(['error store_lost', 'info store_found_again'])
    await store.close()
  })

  test('does not come about by a copy, a link, a vacuum, a checkpoint or another process that comes and goes', async () => {
    const store = open()
    for (let index = 0; index < 2000; index += 1) await store.seen.add(`key ${index}`, inAMinute())
    // By another process: one that opens and closes the file itself lets go of the locks that it has on it.
    execFileSync('cp', [file, join(folder, 'backup.db')])
    linkSync(file, join(folder, 'hard.db'))
    const child = await runElsewhere(`
      const { default: Database } = await import('libsql')
      const database = new Database(file)
      database.exec('PRAGMA busy_timeout = 2000; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)')
      try { database.exec('PRAGMA journal_mode = DELETE') } catch {}
      database.close()
      const other = createSqliteStore({ file })
      await other.revocations.append({ kind: 'user', name: 'elsewhere', at: 1, until: inAMinute })
      await other.close()
      console.log('done')`)
    expect(child.line).toBe('done')
    await child.kill()
    await sleep(300)
    await store.revocations.append(revocation('here'))
    expect((await store.revocations.after()).items.map(({ name }) => name)).toEqual(['elsewhere', 'here'])
    expect(told).toEqual([])
    await store.close()
  })
})

describe('a sqlite store whose owner file is not at its path any more', () => {
  const told: string[] = []
  const log: Log = (level, message) => told.push(`${level} ${message}`)

  test.each<[how: string, lose: () => void]>([
    ['removed', () => rmSync(`${file}-owner`)],
    ['moved', () => renameSync(`${file}-owner`, `${file}-owner.away`)],
    ['replaced', () => (rmSync(`${file}-owner`), writeFileSync(`${file}-owner`, ''))],
  ])('is taken again when that was %s and nobody else has it, so that no other process starts', async (_, lose) => {
    told.length = 0
    const store = createSqliteStore({ file, owner: true, log })
    lose()
    // Nobody asks the store meanwhile.
    await sleep(400)
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    expect(told).toEqual(['warn store_claimed_again'])
    expect(await store.counters.add('k', inAMinute())).toBe(1)
    const child = await runElsewhere(
      `try { createSqliteStore({ file, owner: true }); console.log('owner') } catch (error) { console.log(error.name) }`,
    )
    expect(child.line).toBe('StoreInUse')
    await store.close()
    await createSqliteStore({ file, owner: true }).close()
  })

  test('is left to the process that took it first, and taken again when that one ends', async () => {
    told.length = 0
    const store = createSqliteStore({ file, owner: true, log })
    rmSync(`${file}-owner`)
    const faster = createSqliteStore({ file, owner: true })
    await expect(store.revocations.append({ kind: 'user', name: 'a', at: 1, until: inAMinute() })).rejects.toThrow(StoreInUse)
    await expect(store.seen.add('k', inAMinute())).rejects.toThrow(StoreInUse)
    await sleep(300)
    await expect(store.revocations.after()).rejects.toThrow(StoreInUse)
    // Those of this store, also of a file that was removed; what else the process has open may be closed meanwhile.
    const openFiles = (): number => openPaths().filter((path) => path.startsWith(folder)).length
    const before = openFiles()
    await sleep(1500)
    expect(openFiles()).toBe(before)
    expect(await faster.seen.add('k', inAMinute())).toBe(true)
    await faster.close()
    await sleep(400)
    expect(await store.seen.add('k', inAMinute())).toBe(false)
    expect(told).toEqual(['error store_lost', 'warn store_claimed_again', 'info store_found_again'])
    expect(() => createSqliteStore({ file, owner: true })).toThrow(StoreInUse)
    await store.close()
  })
})

describe('a file that is no store of ours', () => {
  const open = (): unknown => createSqliteStore({ file, owner: true })

  /** Changes a number in the head of a SQLite file: 60 has the schema's version, 68 the application's. */
  async function writeHead(offset: number, value: number): Promise<void> {
    await createSqliteStore({ file }).close()
    const bytes = readFileSync(file)
    bytes.writeUInt32BE(value, offset)
    writeFileSync(file, bytes)
  }

  test('is refused where a newer version wrote it, and not changed', async () => {
    await writeHead(60, 7)
    const before = readFileSync(file)
    expect(open).toThrow(/written by a newer Postern \(schema 7, known here up to 6\)/)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('is refused where it is a database of something else', async () => {
    await writeHead(68, 42)
    expect(open).toThrow(/is a database of something else/)
  })

  test('is refused where it is damaged', () => {
    writeFileSync(file, Buffer.alloc(8192, 'x'))
    expect(open).toThrow(/store\.db is damaged, or is no database at all \(SQLITE_NOTADB\)\. Move it away/)
  })

  test('is refused where its schema is damaged', async () => {
    const store = createSqliteStore({ file })
    await store.close()
    const bytes = readFileSync(file)
    bytes.fill(0xff, 100, 4096)
    writeFileSync(file, bytes)
    expect(open).toThrow(/is damaged, or is no database at all \(SQLITE_CORRUPT\)/)
  })

  test('is refused where its folder does not exist, or the path is relative', () => {
    expect(() => createSqliteStore({ file: join(folder, 'none', 'store.db') })).toThrow(/the folder .*none does not exist/)
    expect(() => createSqliteStore({ file: 'store.db' })).toThrow(/must be absolute; .* Write resolve\('store\.db'\)/)
    expect(() => createSqliteStore({ file: ':memory:' })).toThrow(/must be absolute/)
    expect(() => createSqliteStore({ file: folder })).toThrow(/cannot be opened/)
    symlinkSync('store.db', file)
    expect(() => createSqliteStore({ file })).toThrow(/its links lead in a circle/)
  })

  test('does not keep the claim of a process that could not open it', () => {
    writeFileSync(file, Buffer.alloc(8192, 'x'))
    expect(open).toThrow(/damaged/)
    expect(open).toThrow(/damaged/)
  })
})
