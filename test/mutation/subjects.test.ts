import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

interface Subject {
  readonly files: readonly string[]
  readonly tests: readonly string[]
}

const root = join(import.meta.dirname, '../..')
const { subjects } = (await import(join(import.meta.dirname, 'subjects.mjs'))) as { subjects: Readonly<Record<string, Subject>> }
const all = Object.values(subjects)

/** What a test file imports, itself and by the files of `test` that it imports. */
function importsOf(file: string, seen = new Set<string>()): Set<string> {
  for (const [, name = ''] of readFileSync(join(root, file), 'utf8').matchAll(/from '([^']+)'/g)) {
    const path = name.startsWith('.') ? join(dirname(file), name.replace(/\.js$/, '.ts')) : name
    if (seen.has(path)) continue
    seen.add(path)
    if (path.startsWith('test/')) importsOf(path, seen)
  }
  return seen
}

describe('what is mutated', () => {
  test('is at most 2,500 lines, each file once', () => {
    const files = all.flatMap((subject) => subject.files)
    expect(files).toEqual([...new Set(files)])
    const lines = files.reduce((sum, file) => sum + readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length, 0)
    expect(lines).toBeLessThanOrEqual(2500)
    expect(files.filter((file) => !file.includes('/src/'))).toEqual([])
  })

  test.each(Object.keys(subjects))('is reached by tests that start no program: %s', (subject) => {
    const { tests = [] } = subjects[subject] ?? {}
    expect(tests.filter((file) => !existsSync(join(root, file)))).toEqual([])
    const programs = ['node:child_process', 'playwright-core', '@redis/client', 'test/support/programs.ts']
    for (const file of tests) expect([file, programs.filter((name) => importsOf(file).has(name))]).toEqual([file, []])
  })
})
