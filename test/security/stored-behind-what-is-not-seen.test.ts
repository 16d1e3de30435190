import { describe, expect, test } from 'vitest'
import { isReference } from '../../packages/core/dist/objects/reference-item.js'
import { isStoredAddress, namesStoredFile } from '../../packages/core/dist/objects/stored-address.js'
import { forAnOpenGateway } from '../support/open-gateway.js'

/** What readers of addresses leave out at their ends, and some of them within. */
const unseen: Readonly<Record<string, string>> = {
  blanks: ' ',
  tabs: '\t',
  'line feeds': '\n',
  'carriage returns': '\r\n',
  'blanks that do not break': '\u00a0',
  'blanks without width': '\u200b',
  'an order mark': '\ufeff',
  'soft hyphens': '\u00ad',
  'marks of direction': '\u202e',
  'fillers of Hangul': '\u3164',
  'an empty Braille pattern': '\u2800',
  'selectors of variants': '\ufe0f',
  'tags beyond the first plane': '\u{e0020}',
  'wide blanks': '\u3000',
  'a control character': '\u0001',
}
const addresses = [
  'gs://b/x',
  's3://b/x',
  'files/abc',
  'arn:aws:s3:::b/x',
  'https://generativelanguage%2egoogleapis.com/v1beta/files/x',
  'https://GENERATIVELANGUAGE.googleapis%2Ecom/v1beta/files/x',
  'https://generativelanguage\u3002googleapis\uff0ecom/v1beta/files/x',
  'https:\\\\%67enerativelanguage.googleapis.com/v1beta/files/x',
  'https://\uff47enerativelanguage.googleapis.com/v1beta/files/x',
  'https://generative\u200blanguage.google\u00adapis.com/v1beta/files/x',
  `https://${'u'.repeat(3000)}@generativelanguage.googleapis%2ecom/v1beta/files/x`,
]
const ways: readonly (readonly [where: string, body: (address: string) => object])[] = [
  ['image_url.url', (url) => ({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] })],
  ['fileData.fileUri', (fileUri) => ({ messages: [], contents: [{ role: 'user', parts: [{ fileData: { fileUri } }] }] })],
]

describe('stored-behind-what-is-not-seen: an address leads to what is stored, whatever stands around it', () => {
  test.each(Object.keys(unseen))('%s', (name) => {
    for (const times of [1, 63, 64, 70, 5000])
      for (const address of addresses) {
        const blanks = (unseen[name] as string).repeat(times)
        for (const text of [`${blanks}${address}`, `${address}${blanks}`, `${blanks}${address}${blanks}`])
          expect([times, address, isStoredAddress(text, false)]).toEqual([times, address, true])
      }
    expect(isStoredAddress(`g${unseen[name] ?? ''}s://b/x`, false)).toBe(true)
    expect(namesStoredFile(`${(unseen[name] ?? '').repeat(3000)}gs://b/x${(unseen[name] ?? '').repeat(3000)}`)).toBe(true)
  })

  test.each([
    'https://example.com/files/a.png',
    'https://example.com/?u=generativelanguage%2egoogleapis.com',
    'https://cdn.example/generativelanguage%2egoogleapis.com/a.png',
    ' data:image/png;base64,AAAA',
    'data:text/plain,gs://b/x',
    'localhost:8080/a.png',
    '',
    ' ',
    '\u200b'.repeat(100),
  ])('and what is public or the bytes themselves is none: %j', (text) => {
    expect(isStoredAddress(text, false)).toBe(false)
    expect(isStoredAddress(text, true)).toBe(false)
  })

  test('and a text of blanks is passed over once', () => {
    const cpuOf = (size: number, rounds: number): number => {
      const text = `${' \u200b'.repeat(size / 2)}x`
      const before = process.cpuUsage()
      for (let round = 0; round < rounds; round += 1) {
        isStoredAddress(text, false)
        namesStoredFile(text)
      }
      const { user, system } = process.cpuUsage(before)
      return (user + system) / rounds / size
    }
    cpuOf(64 * 1024, 4)
    expect(cpuOf(1024 * 1024, 1) / cpuOf(32 * 1024, 32)).toBeLessThan(8)
  })
})

describe('stored-behind-what-is-not-seen: an item with an id that says only what nobody sees is a reference', () => {
  test.each(Object.keys(unseen))('%s', (name) => {
    const text = (unseen[name] as string).repeat(3)
    for (const item of [
      { id: 'msg_1', type: 'message', role: 'user', content: text },
      { id: 'msg_1', role: 'user', content: [{ type: 'input_text', text }] },
      { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text }], encrypted_content: text },
      { id: 'fc_1', type: 'function_call', name: text, arguments: text },
    ])
      expect(isReference(item)).toBe(true)
  })

  test.each(['a', '.', '\u200ba', '\u{1f600}', '\u4f60', '0'])('and one that says something is none: %j', (text) => {
    expect(isReference({ id: 'msg_1', type: 'message', role: 'user', content: text })).toBe(false)
  })
})

const shared = {
  keys: { one: { gateway: 'main', secret: { env: 'ACME' } } },
  bindings: [
    { team: 'acme', key: 'one' },
    { team: 'globex', key: 'one' },
  ],
}

describe('stored-behind-what-is-not-seen: under a key of several tenants', () => {
  forAnOpenGateway({ config: shared }, (open) => {
    test.each(ways)('an address in %s is refused', async (_, body) => {
      for (const address of addresses.filter((each) => each.length < 100))
        for (const blank of Object.values(unseen))
          expect([
            address,
            blank,
            ...(await open().ask('POST', 'chat/completions', { model: 'm', messages: [], ...body(blank.repeat(70) + address) })).slice(
              0,
              3,
            ),
          ]).toEqual([address, blank, 403, 'endpoint_not_allowed', 0])
    })

    test('an item that says nothing that is seen is refused', async () => {
      for (const blank of Object.values(unseen)) {
        const input = [{ id: 'msg_1', type: 'message', role: 'user', content: [{ type: 'input_text', text: blank }] }]
        expect((await open().ask('POST', 'responses', { model: 'm', input })).slice(0, 3)).toEqual([403, 'endpoint_not_allowed', 0])
      }
    })

    test.each(['file_id', 'voice'])('a %s with blanks around it is refused', async (name) => {
      const value = name === 'voice' ? ' voice_1\u00a0' : '\u200bfile-abc123 '
      const members =
        name === 'voice'
          ? { audio: { voice: value, format: 'mp3' } }
          : { messages: [{ role: 'user', content: [{ type: 'file', file: value }] }] }
      expect((await open().ask('POST', 'chat/completions', { model: 'm', messages: [], ...members })).slice(0, 3)).toEqual([
        403,
        'endpoint_not_allowed',
        0,
      ])
    })
  })
})
