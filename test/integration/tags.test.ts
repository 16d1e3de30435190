import { parseGovernance } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const ulid = '[0-7][0-9A-HJKMNP-TV-Z]{25}'

describe('tags', () => {
  forEachDoor({}, (house) => {
    const sentHeader = (name: string): readonly string[] =>
      house()
        .emulator.seen.at(-1)
        ?.headers.filter(([candidate]) => candidate.toLowerCase() === name)
        .map(([, value]) => value) ?? []

    test('workflow and step become the request id that the gateway and the caller see', async () => {
      const answer = await house().chat({
        headers: { 'X-Workflow-ID': 'nightly_report', 'X-Step-ID': 'summarise-7', 'X-Parent-Step-ID': 'collect' },
      })
      const id = answer.headers.get('x-request-id') ?? ''
      expect(id).toMatch(new RegExp(`^nightly_report\\.summarise-7\\.${ulid}\\.1$`))
      expect(sentHeader('x-request-id')).toEqual([id])
      expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({
        request_id: id,
        workflow: 'nightly_report',
        step: 'summarise-7',
      })
      expect(house().ledger.entries.at(-1)).toMatchObject({ request_id: id, parent_step: 'collect' })
      for (const name of ['x-workflow-id', 'x-step-id', 'x-parent-step-id']) expect(sentHeader(name)).toEqual([])
    })

    test('a call without tags has an id too', async () => {
      const answer = await house().chat()
      expect(answer.headers.get('x-request-id')).toMatch(new RegExp(`^_\\._\\.${ulid}\\.1$`))
    })

    test('ids are never given twice, and sort by time', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => house().chat()))
      const ids = answers.map((answer) => answer.headers.get('x-request-id'))
      expect(new Set(ids).size).toBe(50)
      const later = (await house().chat()).headers.get('x-request-id') as string
      for (const id of ids) expect((id ?? '') < later).toBe(true)
    })

    test('a caller’s own X-Request-ID is written down and not sent on', async () => {
      const answer = await house().chat({ headers: { 'X-Request-ID': 'mine-7' } })
      expect(sentHeader('x-request-id')).toEqual([answer.headers.get('x-request-id')])
      expect(house().ledger.entries.at(-1)).toMatchObject({ client_request_id: 'mine-7' })
    })

    test('an id that the gateway answers with does not replace ours', async () => {
      const answer = await house().chat({ body: { model: 'emulate/request-id' } })
      expect(answer.headers.get('x-request-id')).toMatch(/\.1$/)
    })

    test('a trace is carried on with a span of ours', async () => {
      const traceId = '0af7651916cd43dd8448eb211c80319c'
      await house().chat({ headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate: 'vendor=1' } })
      const [sent = ''] = sentHeader('traceparent')
      expect(sent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
      expect(sent).not.toContain('b7ad6b7169203331')
      expect(sentHeader('tracestate')).toEqual(['vendor=1'])
      expect(house().ledger.entries.at(-1)).toMatchObject({ trace_id: traceId })
    })

    test.each([
      undefined,
      'nonsense',
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`,
    ])('a trace is begun where there is none to carry on: %s', async (traceparent) => {
      await house().chat({ headers: { ...(traceparent === undefined ? {} : { traceparent }), tracestate: 'vendor=1' } })
      expect(sentHeader('traceparent')[0]).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/)
      expect(sentHeader('tracestate')).toEqual([])
    })
  })
})
