import { expect, test } from 'vitest'
// @ts-expect-error a script, which has no types
import { failedFiles, sumUp } from '../../scripts/ci-results.mjs'

type Status = 'passed' | 'failed' | 'pending'

/** A file of Vitest's JSON, with its tests by their names. */
function file(name: string, tests: Readonly<Record<string, Status>>, status?: 'failed') {
  const assertionResults = Object.entries(tests).map(([fullName, state]) => ({ fullName, status: state }))
  const failed = assertionResults.some((result) => result.status === 'failed')
  return { name, status: status ?? (failed ? 'failed' : 'passed'), assertionResults }
}

const run = (...testResults: readonly ReturnType<typeof file>[]) => ({ testResults })

test('a run comes to its tests, and a file that cannot be read is a failure', () => {
  const first = run(file('a', { one: 'passed', two: 'passed' }), file('b', {}, 'failed'))
  expect(failedFiles(first)).toEqual(['b'])
  expect(sumUp(first)).toEqual({ passed: 2, failed: 1, skipped: 0, onlyAlone: [] })
})

test('a test that fails twice is a failure, beside others and alone', () => {
  const first = run(file('a', { one: 'passed' }), file('b', { two: 'failed', three: 'passed' }))
  const alone = run(file('b', { two: 'failed', three: 'passed' }))
  expect(sumUp(first, alone)).toEqual({ passed: 2, failed: 1, skipped: 0, onlyAlone: [] })
})

test('a test that fails beside others and passes alone is named, and counts once', () => {
  const first = run(file('a', { one: 'passed' }), file('b', { two: 'failed', three: 'passed' }))
  const alone = run(file('b', { two: 'passed', three: 'passed' }))
  expect(sumUp(first, alone)).toEqual({ passed: 3, failed: 0, skipped: 0, onlyAlone: ['two'] })
})

test('a test that passes beside others and fails alone is a failure', () => {
  const first = run(file('b', { two: 'failed', three: 'passed' }))
  const alone = run(file('b', { two: 'passed', three: 'failed' }))
  expect(sumUp(first, alone)).toEqual({ passed: 1, failed: 1, skipped: 0, onlyAlone: ['two'] })
})

test('a test that the second run leaves out is skipped, and a file that cannot be read then is a failure', () => {
  const first = run(file('b', { two: 'failed' }), file('c', { three: 'failed' }))
  const alone = run(file('b', { two: 'pending' }), file('c', {}, 'failed'))
  expect(sumUp(first, alone)).toEqual({ passed: 0, failed: 1, skipped: 1, onlyAlone: [] })
})
