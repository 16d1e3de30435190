import { hash } from 'node:crypto'
import { formatHashRing, formatManifest, isRingOfNobody, parseHashRing } from '@postern/config'
import type { RingEntry } from '@postern/ports'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const one = hash('sha256', 'one')
const two = hash('sha256', 'two')

describe('a hash ring', () => {
  test('is read from commas and newlines alike', () => {
    expect(parseHashRing(`a:${one},\n b:${two}\n\n`)).toEqual({
      entries: [
        { label: 'a', digest: one },
        { label: 'b', digest: two },
      ],
      problems: [],
    })
  })

  test('has labels that may contain colons: the hash follows the last one', () => {
    expect(parseHashRing(`team:eu:billing:${one}`).entries).toEqual([{ label: 'team:eu:billing', digest: one }])
  })

  test('may have former credentials of a caller, each with its end behind the label', () => {
    const text = `agent:${one}\nagent@2026-12-01T12:00:00Z:${two}`
    const entries = [
      { label: 'agent', digest: one },
      { label: 'agent', digest: two, until: Date.UTC(2026, 11, 1, 12) },
    ]
    expect(parseHashRing(text)).toEqual({ entries, problems: [] })
    expect(formatHashRing(entries)).toBe(text)
    expect(parseHashRing(formatManifest(entries, new Date())).entries).toMatchObject(entries)
  })

  test.each([
    ['a day that no month has', 'agent@2026-02-31T12:00:00Z'],
    ['an hour that no day has', 'agent@2026-02-01T25:00:00Z'],
  ])('says of an end with %s that it is no time', (_, label) => {
    const { entries, problems } = parseHashRing(`${label}:${one}`)
    expect(entries).toEqual([])
    expect(problems).toMatchObject([{ position: 1, reason: 'has an end that is no time of the calendar' }])
  })

  test('has the same end of a caller once', () => {
    const end = 'agent@2026-12-01T12:00:00Z'
    expect(parseHashRing(`${end}:${one},${end}:${two}`).problems).toMatchObject([{ position: 2, label: end }])
  })

  test.each([
    ['a blank at its end', 'agent '],
    ['two blanks', 'a  b'],
    ['what is not seen', 'a\u200b'],
  ])('refuses a former credential of a label that has %s', (_, label) => {
    const { entries, problems } = parseHashRing(`${label}@2026-12-01T12:00:00Z:${one}`)
    expect([entries, problems.length]).toEqual([[], 1])
  })

  test('is not written with a label that is too long with its end', () => {
    const until = Date.UTC(2026, 11, 1)
    expect(() => formatHashRing([{ label: 'a'.repeat(250), digest: one, until }])).toThrow(TypeError)
    expect(formatHashRing([{ label: 'a'.repeat(235), digest: one, until }])).toContain('@2026-12-01T00:00:00Z')
  })

  test('takes a label with an at sign and no time for a label', () => {
    expect(parseHashRing(`agent@example.com:${one}`).entries).toEqual([{ label: 'agent@example.com', digest: one }])
  })

  test('takes upper-case hexadecimal digits', () => {
    expect(parseHashRing(`a:${one.toUpperCase()}`).entries).toEqual([{ label: 'a', digest: one }])
  })

  test('without entries is the word nobody, which is no entry beside others', () => {
    expect([formatHashRing([]), parseHashRing(' nobody\n')]).toEqual(['nobody', { entries: [], problems: [] }])
    expect(parseHashRing(`nobody\na:${one}`).problems).toMatchObject([{ position: 1 }])
    expect([isRingOfNobody('nobody'), isRingOfNobody(formatManifest([], new Date())), isRingOfNobody(',')]).toEqual([true, true, false])
    const withOne = formatManifest([{ label: 'a', digest: one }], new Date())
    expect([isRingOfNobody(' nobody\n'), isRingOfNobody(' \n{"entries":[]}\n'), isRingOfNobody(withOne)]).toEqual([true, true, false])
  })

  test('names an entry without a label after its hash', () => {
    expect(parseHashRing(one).entries).toEqual([{ label: `sha256-${one.slice(0, 12)}`, digest: one }])
  })

  test.each([
    ['a plaintext', 'a:my-secret-key', 1],
    ['a hash that is too short', `a:${one.slice(1)}`, 1],
    ['a hash with another letter', `a:g${one.slice(1)}`, 1],
    ['a label without a name', `:${one}`, 1],
    ['a hash that is too long', `a:${one}0`, 1],
    ['a hash that is too long at its beginning', `a:0${one}`, 1],
    ['the same label twice', `a:${one},a:${two}`, 2],
    ['the same hash twice', `a:${one},b:${one}`, 2],
  ])('reports %s by its position', (_, text, position) => {
    expect(parseHashRing(text).problems).toMatchObject([{ position }])
  })

  test('takes no blanks around an entry and its hash for parts of them', () => {
    const { entries, problems } = parseHashRing(` \t a:\t ${one} \r\t\n\r \tb c:${two}\t `)
    expect(problems).toEqual([])
    expect(entries).toEqual([
      { label: 'a', digest: one },
      { label: 'b c', digest: two },
    ])
  })

  test('does not take the example of the documentation, in whatever form it is written', () => {
    const example = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
    const manifest = JSON.stringify({ entries: [{ label: 'a', sha256: example.toUpperCase() }] })
    for (const text of [example, `a:${example}`, `a:${example.toUpperCase()}`, manifest]) {
      const { entries, problems } = parseHashRing(text)
      expect([entries, problems.map(({ reason }) => reason)]).toEqual([
        [],
        ['holds the example digest of the documentation, which lets in anybody who says "test"'],
      ])
    }
  })

  test('names the label of an entry with a problem, unless it has none or one that garbles the message', () => {
    const labelsOf = (text: string) =>
      parseHashRing(text).problems.map((problem) => [problem.position, Object.hasOwn(problem, 'label'), problem.label])
    expect(labelsOf(`b:${two},a:x`)).toEqual([[2, true, 'a']])
    expect(labelsOf(`a:${one},a:${two}`)).toEqual([[2, true, 'a']])
    expect(labelsOf('x')).toEqual([[1, false, undefined]])
    expect(labelsOf(`a\u0000b:x`)).toEqual([[1, false, undefined]])
    expect(labelsOf(`a\u0000b:${one}`)).toEqual([[1, false, undefined]])
  })

  test('that is a manifest gives each entry that can be used, whatever stands beside it', () => {
    const good = { label: 'b', sha256: two }
    for (const bad of [null, 7, {}, { label: 7, sha256: one }, { label: 'a', sha256: 7 }, { sha256: one }, { label: 'a' }]) {
      const { entries, problems } = parseHashRing(`\n ${JSON.stringify({ entries: [bad, good] })} \n`)
      expect([bad, entries, problems.map(({ position }) => position)]).toEqual([bad, [{ label: 'b', digest: two }], [1]])
    }
    const { entries } = parseHashRing(JSON.stringify({ entries: [{ ...good, created_at: 7 }] }))
    expect(entries.map((entry) => Object.keys(entry))).toEqual([['label', 'digest']])
  })

  test('never repeats in a problem what somebody pasted instead of a hash', () => {
    expect(JSON.stringify(parseHashRing('gw_live_plaintext_key'))).not.toContain('gw_live')
  })

  test.each([
    '{',
    '{"version":1}',
    '{"entries":7}',
    '{"entries":[7,null]}',
    '{"entries":[{"label":"a","sha256":"gw_plaintext"}]}',
    `{"entries":[],"entries":[{"label":"a","sha256":"${one}"}]}`,
    `{"entries":[{"label":"a","label":"b","sha256":"${one}"}]}`,
    `{"entries":[{"label":"a","sha256":"${two}","\\u0073ha256":"${one}"}]}`,
  ])('that is the manifest %s cannot be used, and says nothing of what stands in it', (text) => {
    const { entries, problems } = parseHashRing(text)
    expect(entries).toEqual([])
    expect(problems.length).toBeGreaterThan(0)
    expect(JSON.stringify(problems)).not.toContain('plaintext')
  })

  test('that is a manifest is read, and written as it was', () => {
    const now = new Date('2026-01-02T03:04:05.000Z')
    const text = formatManifest(
      [
        { label: 'b', digest: two, createdAt: '2025-01-01T00:00:00.000Z' },
        { label: 'a', digest: one },
      ],
      now,
    )
    const { entries, problems } = parseHashRing(text)
    expect(problems).toEqual([])
    expect(entries).toEqual([
      { label: 'a', digest: one, createdAt: now.toISOString() },
      { label: 'b', digest: two, createdAt: '2025-01-01T00:00:00.000Z' },
    ])
    expect(formatManifest(entries, now)).toBe(text)
  })

  test.each([
    ['begins as a manifest does', '{a'],
    ['begins as a manifest does, and ends so', '{}'],
  ])('refuses by name a label that %s, wherever it stands, when it is read and when it is written', (_, label) => {
    const named = [{ reason: expect.stringMatching(/^has a label that begins with \{/) as string }]
    const manifest = (first: string, second: string): string =>
      JSON.stringify({ entries: [first, second].map((each, index) => ({ label: each, sha256: [one, two][index] })) })
    expect(parseHashRing(manifest(label, 'b')).problems).toMatchObject(named)
    expect(parseHashRing(manifest('b', label)).problems).toMatchObject(named)
    expect(parseHashRing(`${label}:${one}\nb:${two}`).problems).toMatchObject(named)
    expect(parseHashRing(`b:${two}\n${label}:${one}`).problems).toMatchObject(named)
    for (const format of [formatHashRing, (entries: readonly RingEntry[]) => formatManifest(entries, new Date(0))])
      expect(() => format([{ label, digest: one }])).toThrow(/has a label that/)
  })

  test('reads back each ring that it takes, as a text and as a manifest', () => {
    const labels = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.string({ unit: fc.constantFrom('{', '}', '[', '"', ',', ':', ' ', 'a', '0'), maxLength: 6 }),
    )
    const digests = fc.nat(9).map((number) => hash('sha256', String(number)))
    const rings = fc.array(fc.record({ label: labels, sha256: digests }), { maxLength: 5 })
    const plain = (entries: readonly RingEntry[]): string[] => entries.map(({ label, digest }) => `${label} ${digest}`).toSorted()
    fc.assert(
      fc.property(rings, fc.boolean(), (written, asManifest) => {
        const text = asManifest ? JSON.stringify({ entries: written }) : written.map(({ label, sha256 }) => `${label}:${sha256}`).join('\n')
        const { entries } = parseHashRing(text)
        if (entries.some(({ label }) => label.includes(','))) expect(() => formatHashRing(entries)).toThrow(/holds a comma/)
        else expect(plain(parseHashRing(formatHashRing(entries)).entries)).toEqual(plain(entries))
        expect(plain(parseHashRing(formatManifest(entries, new Date(0))).entries)).toEqual(plain(entries))
      }),
      { numRuns: 2000 },
    )
  })

  test('is written in one order in every locale: by code units', () => {
    const labels = ['Z', 'a', 'a-b', 'ab', 'z', 'Ä', 'ä', 'ö', '\u{1f600}', '\uff21']
    const entries = labels.toReversed().map((label) => ({ label, digest: hash('sha256', label) }))
    const { entries: read } = parseHashRing(formatManifest(entries, new Date()))
    expect(read.map(({ label }) => label)).toEqual(labels)
  })

  test('is written as it is read', () => {
    const { entries } = parseHashRing(`a:${one},b:c:${two}`)
    expect(parseHashRing(formatHashRing(entries)).entries).toEqual(entries)
  })
})
