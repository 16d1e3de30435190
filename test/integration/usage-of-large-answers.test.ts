import { describe, expect, test } from 'vitest'
import { forAnAnsweringGateway } from '../support/answering-gateway.js'

const usage = { prompt_tokens: 1200, total_tokens: 1200 }

/** Answers with a text in pieces of 50,000 bytes, without a length. */
function inPieces(text: string) {
  return (_: unknown, response: import('node:http').ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json' })
    for (let at = 0; at < text.length; at += 50_000) response.write(text.slice(at, at + 50_000))
    response.end()
  }
}

const vectors = Array.from({ length: 400 }, (_, index) => ({ object: 'embedding', index, embedding: Array<number>(600).fill(0.123) }))
const embeddings = (rest: object): string => JSON.stringify({ object: 'list', data: vectors, ...rest })

describe('the token counts of an answer that is too large to be held', () => {
  forAnAnsweringGateway({}, (open) => {
    const booked = async (text: string): Promise<unknown> => {
      open().answer(inPieces(text))
      const answer = await open().call('POST', 'embeddings', { model: 'm', input: ['a'] })
      expect(await answer.text()).toBe(text)
      return open().house.ledger.entries.at(-1)?.usage
    }

    test.each([
      ['last', embeddings({ model: 'm', usage })],
      ['in front of other members', embeddings({ usage, model: 'm', id: 'x}]"{' })],
      ['with blanks', `${embeddings({}).slice(0, -1)} , "usage" : ${JSON.stringify(usage, undefined, 2)}\n}\n`],
    ])('are booked where they stand %s', async (_, text) => {
      expect(text.length).toBeGreaterThan(1024 * 1024)
      expect(await booked(text)).toMatchObject({ input: 1200, total: 1200, source: 'answer' })
    })

    test.each([
      ['in an object of the answer', embeddings({ model: 'm', detail: { usage } })],
      ['in a list of the answer', embeddings({ list: [{ usage }] })],
      ['in a text', embeddings({ text: JSON.stringify({ usage }) })],
      ['as a text that ends like the name', embeddings({ text: 'a "usage' }).replace('}$', `:${JSON.stringify(usage)}}`)],
      ['as a name that ends like theirs', embeddings({ 'a"usage': usage })],
      ['far before the end', JSON.stringify({ usage, data: vectors })],
      ['as something else', embeddings({ usage: 'none' })],
      ['in JSON that is cut', embeddings({ usage }).slice(0, -1)],
    ])('are not guessed from what stands %s', async (_, text) => {
      expect(await booked(text)).toBeUndefined()
    })
  })
})
