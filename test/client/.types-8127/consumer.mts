import { createPostern, type GovernanceRecord, PosternStreamError } from '@postern/client'
import { createPosternFetch } from '@postern/client/fetch'
import OpenAI from 'openai'

const postern = createPostern({ url: '/ai', token: async ({ jkt }) => String(jkt), dpop: true })
export const openai: OpenAI = postern.openai({ maxRetries: 0 })
export async function use(): Promise<void> {
  const request = { model: 'auto', messages: [{ role: 'user' as const, content: 'Hello' }] }
  const answer = await openai.chat.completions.create(request)
  const record: GovernanceRecord | undefined = postern.governance(answer)
  const amount: number | undefined = record?.cost?.amount
  const withResponse: GovernanceRecord | undefined = postern.governance(await openai.chat.completions.create(request).withResponse())
  const stream = await openai.chat.completions.create({ ...request, stream: true })
  const ended: Promise<GovernanceRecord> = postern.governance(stream)
  const helped: Promise<GovernanceRecord> = postern.governance(openai.chat.completions.stream(request))
  const responded: Promise<GovernanceRecord> = postern.governance(openai.responses.stream({ model: 'auto', input: 'Hello' }))
  const step: OpenAI = postern.workflow('a').step('b').step('c').openai()
  const error: unknown = undefined
  if (error instanceof PosternStreamError) console.log(error.received.length, error.finish === 'truncated', postern.governance(error)?.key)
  console.log(amount, withResponse, await ended, await helped, await responded, step)
}
export const other: typeof fetch = createPosternFetch({ url: '/ai' }).fetch
// @ts-expect-error There is no option for a key.
createPostern({ url: '/ai', apiKey: 'x' })
// @ts-expect-error Nor here.
postern.openai({ apiKey: 'x' })
// @ts-expect-error A token is asked for.
createPostern({ url: '/ai', token: 'x' })
