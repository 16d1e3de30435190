import { describe, expect, test } from 'vitest'
import { drawSoak } from './picture.js'
import type { Sample } from './sample.js'
import { trendOf } from './trend.js'
import { judge } from './verdict.js'

const megabyte = 1024 * 1024

/** An hour with a sample each minute, in which only what is said differs from a process that does not change. */
function hour(differs: (minutes: number) => Partial<Sample>): readonly Sample[] {
  return Array.from({ length: 60 }, (_, minutes) => ({
    minutes,
    heapBytes: 50 * megabyte,
    outsideBytes: 5 * megabyte,
    handles: 40,
    listeners: 14,
    residentBytes: 150 * megabyte,
    sockets: 60,
    files: 30,
    ledgerRows: minutes * 6000,
    open: 20,
    ...differs(minutes),
  }))
}

const growing = (samples: readonly Sample[]): readonly string[] =>
  judge(samples, 20)
    .filter(({ word }) => word === 'grows')
    .map(({ measure }) => measure.name)

describe('the verdict of a soak', () => {
  test('finds a process flat whose memory and sockets go up and down around the same level', () => {
    const wave = (minutes: number): number => Math.sin(minutes) * 10
    expect(growing(hour((minutes) => ({ residentBytes: (150 + wave(minutes)) * megabyte, sockets: 60 + wave(minutes) })))).toEqual([])
  })

  test('finds a process flat whose sockets differ from sample to sample by more than they seem to grow', () => {
    expect(growing(hour((minutes) => ({ sockets: 30 + ((minutes * 7919) % 31) + minutes / 4 })))).toEqual([])
  })

  test('finds a leak of half a megabyte a minute, and of a socket in two minutes', () => {
    expect(growing(hour((minutes) => ({ residentBytes: (150 + minutes / 2) * megabyte })))).toEqual(['RSS, MB'])
    expect(growing(hour((minutes) => ({ sockets: 60 + Math.floor(minutes / 2) })))).toEqual(['sockets'])
  })

  test('finds one listener too many that stays', () => {
    expect(growing(hour((minutes) => ({ listeners: 14 + Math.floor(minutes / 10) })))).toEqual(['listeners'])
  })

  test('does not count what grows during the warm-up', () => {
    expect(growing(hour((minutes) => ({ heapBytes: Math.min(minutes, 20) * 5 * megabyte })))).toEqual([])
  })

  test('says nothing of memory after a run that is too short', () => {
    const samples = hour((minutes) => ({ heapBytes: minutes * megabyte })).map((sample) => ({ ...sample, minutes: sample.minutes / 30 }))
    const verdicts = judge(samples, 0.5)
    expect(verdicts.find(({ measure }) => measure.name === 'heap, MB')?.word).toBe('too short a run to say')
    expect(verdicts.find(({ measure }) => measure.name === 'sockets')?.word).toBe('flat')
  })

  test('draws every measure as a picture that says what grows', () => {
    const picture = drawSoak(
      judge(
        hour((minutes) => ({ handles: 40 + minutes })),
        20,
      ),
      20,
      'An hour',
    )
    expect(picture).toMatch(/^<svg .*<\/svg>\n$/s)
    expect(picture).toContain('handles: grows')
    expect(picture).toContain('sockets: flat')
    expect(picture).not.toMatch(/NaN|undefined|Infinity/)
  })
})

test('a trend is the slope of most points, whatever a quarter of them say', () => {
  const { slope, at } = trendOf(Array.from({ length: 40 }, (_, x) => [x, x % 4 === 0 ? 1000 : 3 * x + 2] as const))
  expect(slope).toBeCloseTo(3, 5)
  expect(at(100)).toBeCloseTo(302, 3)
})
