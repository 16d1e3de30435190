import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { agentHeaders } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/coding-agents.md'), 'utf8')

test('docs/coding-agents.md has the headers of each agent as the code reads them', () => {
  const rows = [...page.matchAll(/^\| `([\w-]+)` \|(.*)\|$/gm)]
  const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string)
  const told = rows.map(([, agent, cells = '']) => {
    const [workflow, step, parentStep] = cells.split('|').map(namesIn)
    return [agent, { workflow, step, parentStep }]
  })
  expect(Object.fromEntries(told)).toEqual(agentHeaders)
})

test('the configuration of opencode is JSON that names the API and a variable, and no key', () => {
  const [, text = ''] = /<!-- config: opencode\.json -->\n```json\n([\s\S]*?)\n```/.exec(page) ?? []
  const { provider } = JSON.parse(text) as { readonly provider: { readonly postern: { readonly options: object } } }
  expect(provider.postern.options).toEqual({
    baseURL: 'https://postern.example.com/ai/v1',
    apiKey: '{env:POSTERN_CREDENTIAL}',
  })
})

describe('ids of coding agents', () => {
  let reading: House
  let plain: House
  beforeAll(async () => {
    reading = await openHouse({ config: { tags: { agents: ['claude-code', 'codex'] }, policies: { require: ['workflow'] } } })
    plain = await openHouse()
  })
  afterAll(async () => {
    await reading.close()
    await plain.close()
  })

  const entryOf = async (house: House, headers: Readonly<Record<string, string>>, credential?: string) => {
    const answer = await house.chat({ headers, ...(credential === undefined ? {} : { credential }) })
    await answer.arrayBuffer()
    return { status: answer.status, entry: house.ledger.entries.at(-1), seen: house.emulator.seen.at(-1)?.headers }
  }

  test('are tags of the call in the log and at the gateway, satisfy what demands a workflow, and are not marked as verified', async () => {
    const session = '0f0e6e0a-6d0c-4a6e-9f7b-1c2d3e4f5a6b'
    const headers = { 'session-id': session, 'thread-id': 'thread-2', 'x-codex-parent-thread-id': 'thread-1' }
    const { status, entry, seen } = await entryOf(reading, headers)
    expect([status, entry]).toEqual([200, expect.objectContaining({ workflow: session, step: 'thread-2', parent_step: 'thread-1' })])
    expect(entry?.workflow_verified).toBeUndefined()
    expect(seen?.find(([name]) => /^x-request-id$/i.test(name))?.[1]).toMatch(new RegExp(`^${session}\\.thread-2\\.`))
    expect(seen?.some(([name]) => /session|thread/i.test(name))).toBe(false)
    expect((await entryOf(reading, { 'x-claude-code-session-id': session })).entry?.workflow).toBe(session)
  })

  test('give way to a tag of the caller’s own, and to the workflow of a session', async () => {
    const own = await entryOf(reading, { 'session-id': 'of-codex', 'thread-id': 'one', 'x-workflow-id': 'mine' })
    expect([own.entry?.workflow, own.entry?.step]).toEqual(['mine', undefined])
    const { token } = await reading.minter.mint({ team: 'acme', workflow: 'sandbox-42' })
    const bound = await entryOf(reading, { 'session-id': 'of-codex' }, token)
    expect(bound.entry).toMatchObject({ workflow: 'sandbox-42', workflow_verified: true })
  })

  test('are passed over where they are no tags, of an agent that is not listed, and where none is listed', async () => {
    expect((await entryOf(reading, { 'session-id': 'two words' })).status).toBe(400)
    expect((await entryOf(reading, { 'x-session-affinity': 'of-opencode' })).status).toBe(400)
    expect((await entryOf(plain, { 'session-id': 'of-codex' })).entry?.workflow).toBeUndefined()
  })
})
