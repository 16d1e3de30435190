import { expect, test } from 'vitest'
import { forAnAnsweringGateway } from '../support/answering-gateway.js'

/*
 * What a request brings is as heavy as the heaviest reading of it: a medium has several places that say what it is, a text can be dressed
 * as a medium, a tool's description is added by its provider, and a question is read once for each document.
 */

const methods: 'POST'[] = ['POST']
const endpoints = {
  messages: { methods, format: 'messages', model: 'body' },
  'gen/{model}/go': { methods, format: 'generate-content', model: 'path' },
  rerank: { methods, format: 'plain', model: 'body', ceiling: 'none' },
} as const

const long = 'word '.repeat(20_000)
const base64 = Buffer.from(long).toString('base64')
const chat = (part: object): readonly [string, object] => [
  'chat/completions',
  { model: 'm', max_tokens: 16, messages: [{ role: 'user', content: [part] }] },
]
const messages = (part: object): readonly [string, object] => [
  'messages',
  { model: 'm', max_tokens: 16, messages: [{ role: 'user', content: [part] }] },
]
const google = (part: object): readonly [string, object] => [
  'gen/m/go',
  { contents: [{ parts: [part] }], generationConfig: { maxOutputTokens: 16 } },
]
const image = (url: string): readonly [string, object] => chat({ type: 'image_url', image_url: { url } })

forAnAnsweringGateway(
  { endpoints },
  (open) => {
    /** The tokens that a call sets aside, or the code of its refusal: its gateway reports nothing, so all of it is booked. */
    async function setAside([path, body]: readonly [string, object]): Promise<number | string> {
      open().answer((_request, response) => response.setHeader('content-type', 'application/json').end('{"id":"x","choices":[{}]}'))
      const before = await left()
      const answer = await open().call('POST', path, body)
      const { error } = (await answer.json()) as { error?: { code: string } }
      if (error !== undefined) return error.code
      await expect.poll(async () => (before['calls'] as number) - ((await left())['calls'] as number)).toBe(1)
      return (before['tokens'] as number) - ((await left())['tokens'] as number)
    }
    async function left(): Promise<Readonly<Record<string, number>>> {
      const answer = await fetch(`${open().house.origin}/ai/limits`, { headers: { authorization: `Bearer ${open().house.callers.acme}` } })
      const { limits } = (await answer.json()) as { limits: { name: string; left: number }[] }
      return Object.fromEntries(limits.map(({ name, left: amount }) => [name, amount]))
    }

    test.each<[string, readonly [string, object]]>([
      ['a source of text', messages({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: `data:${long}` } })],
      ['the same with a type', messages({ type: 'document', source: { type: 'text', data: `data:image/png;base64,${long}` } })],
      [
        'a source that says base64 and text',
        messages({ type: 'document', source: { type: 'base64', media_type: 'text/plain', data: base64 } }),
      ],
      ['a picture whose address is a text', image(`data:text/plain,${encodeURIComponent(long)}`)],
      ['a picture whose address is a text in base64', image(`data:text/plain;base64,${base64}`)],
      ['a picture that is drawn in words', image(`data:image/svg+xml;base64,${base64}`)],
      ['a picture that is not base64', image(`data:image/png,${long}`)],
      ['a picture that is base64 up to a point', image(`data:image/png;base64,AAAA ${long}`)],
      ['a picture of no type', image(`data:;base64,${base64}`)],
      ['a file of JSON', chat({ type: 'file', file: { file_data: `data:application/json;base64,${base64}` } })],
      ['a text of Google with two types', google({ inlineData: { mime_type: 'image/png', mimeType: 'text/plain', data: base64 } })],
      ['a text of Google', google({ inlineData: { mimeType: 'text/csv', data: base64 } })],
      ['a text of Google in another spelling', google({ inline_data: { mime_type: 'TEXT/HTML', data: base64 } })],
    ])('input-that-weighs-more: text that is dressed as a medium counts by its bytes: %s', async (_, request) => {
      expect(await setAside(request)).toBeGreaterThan(100_000)
    })

    test.each<[string, readonly [string, object]]>([
      ['fileData by its type', google({ fileData: { mimeType: 'video/mp4', fileUri: 'https://x.example/v' } })],
      ['file_data by its type', google({ file_data: { mime_type: 'audio/mp3', file_uri: 'https://x.example/v' } })],
      ['fileData that has no type', google({ fileData: { fileUri: 'https://x.example/v' } })],
      [
        'fileData that says something else of itself',
        google({ fileData: { type: 'text', mimeType: 'video/mp4', fileUri: 'https://x.example/v' } }),
      ],
      ['inlineData by its type', google({ inlineData: { mimeType: 'Video/MP4', data: 'AAAA' } })],
      ['a picture that is a film', image('data:video/mp4;base64,AAAA')],
      ['a picture whose address ends like a film', image('https://x.example/a.mp4?size=1')],
      ['a picture at a host of films', image('https://www.youtube.com/watch?v=abc')],
      ['a file that is a sound', chat({ type: 'file', file: { file_data: 'data:audio/wav;base64,AAAA' } })],
      ['a file with a type beside it', chat({ type: 'file', file: { mime_type: 'video/webm', file_data: 'AAAA' } })],
      [
        'an input file at an address',
        [
          'responses',
          {
            model: 'm',
            max_output_tokens: 16,
            input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://x.example/a.MP3' }] }],
          },
        ],
      ],
      [
        'an input picture',
        [
          'responses',
          {
            model: 'm',
            max_output_tokens: 16,
            input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:video/quicktime;base64,AAAA' }] }],
          },
        ],
      ],
      ['a picture beside which a film stands', chat({ type: 'image_url', video_url: { url: 'https://x.example/v' } })],
      ['a picture whose only address in a list is a film', chat({ type: 'image_url', images: ['https://x.example/a.mp4'] })],
      ['a picture with films in a list', chat({ type: 'image', videos: ['u'] })],
      ['a film behind a long path', image(`https://x.example/${'a'.repeat(5000)}.mp4`)],
      ['pictures in a list', chat({ role: 'user', images: ['data:image/png;base64,AAAA', 'data:video/mp4;base64,AAAA'] })],
      ['a document with a type', messages({ type: 'document', source: { type: 'base64', media_type: 'audio/mpeg', data: 'AAAA' } })],
      ['a document at an address', messages({ type: 'document', source: { type: 'url', url: 'https://youtu.be/abc' } })],
    ])('input-that-weighs-more: sound and films are found wherever they say what they are: %s', async (_, request) => {
      expect(await setAside(request)).toBe('ceiling_required')
    })

    test.each<[string, readonly [string, object], number]>([
      ['a picture', image(`data:image/png;base64,${base64}`), 1500],
      ['a picture at an address', image('https://x.example/picture?mp4=no'), 1500],
      ['a document', messages({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: base64 } }), 5000],
      ['a picture of Google', google({ inlineData: { mimeType: 'image/webp', data: base64 } }), 1500],
      ['a picture of Google at an address', google({ fileData: { mimeType: 'image/webp', fileUri: 'https://x.example/v' } }), 1500],
      ['a picture that is a document', image(`data:application/pdf;base64,${base64}`), 6500],
    ])('input-that-weighs-more: a medium that is one counts as the price file says: %s', async (_, request, tokens) => {
      const found = await setAside(request)
      expect(found).toBeGreaterThan(tokens)
      expect(found).toBeLessThan(tokens + 500)
    })

    test.each<[string, readonly [string, object]]>([
      [
        'a title',
        messages({ type: 'document', title: 'table.csv', source: { type: 'base64', media_type: 'application/pdf', data: base64 } }),
      ],
      ['the name of a file', chat({ type: 'file', file: { filename: 'notes.txt', file_data: `data:application/pdf;base64,${base64}` } })],
      ['the name behind the bytes', chat({ type: 'file', file: { file_data: `data:application/pdf;base64,${base64}`, filename: 'A.MD' } })],
      ['an ending that nobody knows', chat({ type: 'file', file: { file_data: `data:image/png;base64,${base64}`, file_name: 'x.zz' } })],
      ['a name for people', google({ inlineData: { displayName: 'a.html', mimeType: 'application/msword', data: base64 } })],
    ])('input-that-weighs-more: a file that is a text by its name counts by its bytes, whatever its type: %s', async (_, request) => {
      expect(await setAside(request)).toBeGreaterThan(base64.length)
    })

    test('input-that-weighs-more: a document that is one by its name too counts as the price file says', async () => {
      const source = { type: 'base64', media_type: 'application/pdf', data: base64 }
      for (const title of ['report.pdf', 'Report v1.2', 'of john.smith', 'notes.txt of May'])
        expect(await setAside(messages({ type: 'document', title, source }))).toBeLessThan(5500)
    })

    test.each(['computer_20250124', 'computer_20251124', 'text_editor_20250124', 'bash_20250124', 'memory_20250818'])(
      'input-that-weighs-more: a tool that its provider describes is set aside as such: %s',
      async (type) => {
        const asked = (tool: object) => setAside(['messages', { model: 'm', max_tokens: 16, messages: [], tools: [tool] }])
        const own = await asked({ name: 'x', input_schema: {}, type: 'custom' })
        expect((await asked({ type, name: 'x' })) as number).toBeGreaterThan((own as number) + 1300)
      },
    )

    test.each([
      ['tools in another spelling', { Tools: [{ type: 'computer_20250124', name: 'x' }] }],
      ['one tool in place of a list', { tools: { type: 'computer_20250124', name: 'x' } }],
      ['a tool by itself', { tool: { type: 'computer_20250124', name: 'x' } }],
    ])('input-that-weighs-more: a tool counts wherever a gateway could read it: %s', async (_, tools) => {
      const plain = await setAside(['chat/completions', { model: 'm', max_tokens: 16, messages: [] }])
      const found = await setAside(['chat/completions', { model: 'm', max_tokens: 16, messages: [], ...tools }])
      expect(typeof found === 'string' ? found : found > (plain as number) + 2500 || found).toSatisfy(
        (each) => each === true || typeof each === 'string',
      )
    })

    test.each<[string, object, number]>([
      ['documents', { query: 'q'.repeat(1000), documents: Array.from({ length: 100 }, () => 'd') }, 100_000],
      ['texts', { query: 'q'.repeat(1000), texts: Array.from({ length: 100 }, () => 'd') }, 100_000],
      [
        'passages that are objects',
        { query: { text: 'q'.repeat(1000) }, passages: Array.from({ length: 100 }, () => ({ text: 'd' })) },
        100_000,
      ],
      ['several questions', { queries: Array.from({ length: 10 }, () => 'q'.repeat(100)), documents: ['d'.repeat(10_000)] }, 100_000],
      ['an instruction of each', { instruction: 'q'.repeat(1000), input: Array.from({ length: 100 }, () => 'd') }, 100_000],
    ])('input-that-weighs-more: a question counts once for each document that is ranked by it: %s', async (_, body, tokens) => {
      expect(await setAside(['rerank', { model: 'm', ...body }])).toBeGreaterThan(tokens)
    })

    test('input-that-weighs-more: several questions beside several documents are set aside once for each pair', async () => {
      const found = await setAside(['rerank', { model: 'm', queries: Array(10).fill('q'.repeat(100)), documents: Array(20).fill('d') }])
      expect(found).toBeGreaterThan(10 * 100 * 20)
      expect(found).toBeLessThan(10 * 100 * 20 * 2)
    })

    test('input-that-weighs-more: more than any number says exactly is refused, and taken for no failure of the store', async () => {
      const many = (text: string): string[] => Array(40_000).fill(text)
      expect(await setAside(['rerank', { model: 'm', queries: many('q'.repeat(80)), documents: many('d') }])).toBe('budget_exhausted')
    })

    const picture = '[{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}]'
    const file = '[{"type":"file","file":{"file_id":"file-abc"}}]'
    test.each<[what: string, path: string, members: string]>([
      ['a picture behind a text', 'chat/completions', `"messages":[{"role":"user","content":"a","content":${picture}}]`],
      ['a picture in front of a text', 'chat/completions', `"messages":[{"role":"user","content":${picture},"content":"a"}]`],
      ['the same with an escape in one name', 'chat/completions', `"messages":[{"role":"user","c\\u006fntent":${picture},"content":"a"}]`],
      ['a stored file', 'chat/completions', `"messages":[{"role":"user","content":${file},"content":"a"}]`],
      ['what is stored under a role', 'chat/completions', '"messages":[{"role":"cache","role":"user","content":"a"}]'],
      [
        'a picture within a part',
        'chat/completions',
        `"messages":[{"role":"user","content":[{"type":"image_url","type":"text","image_url":{"url":"https://a.example/b.png"},"text":"a"}]}]`,
      ],
      [
        'a picture in a message of Anthropic',
        'messages',
        `"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://a.example/b.png"}}],"content":"a"}]`,
      ],
    ])('input-that-weighs-more: a member that stands twice hides nothing: %s', async (_, path, members) => {
      const answer = await fetch(`${open().house.baseURL}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${open().house.callers.acme}`, 'content-type': 'application/json' },
        body: `{"model":"m","max_tokens":16,${members}}`,
      })
      const { error } = (await answer.json()) as { error: { code: string } }
      expect([answer.status, error.code]).toEqual([400, 'request_malformed'])
    })

    test('input-that-weighs-more: a part with any number of members that could hold its bytes costs a look at each', async () => {
      const spellings = Array.from({ length: 2000 }, (_, index) =>
        Array.from('document_url', (letter, at) => ((index >> at) & 1 ? letter.toUpperCase() : letter)).join(''),
      )
      const bytes = Object.fromEntries(spellings.map((name) => [name, 'data:image/png;base64,AAAA']))
      const others = Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`m${at}`, 'x']))
      const part = { type: 'image_url', ...bytes, ...others }
      let [entries, isCounting] = [0, true]
      const original = Object.entries
      Object.entries = ((object: object) => {
        const found = original(object)
        if (isCounting) entries += found.length
        return found
      }) as typeof Object.entries
      try {
        expect(await setAside(chat(part))).toBeGreaterThan(0)
      } finally {
        isCounting = false
        Object.entries = original
      }
      expect(entries).toBeGreaterThan(60_000)
      expect(entries).toBeLessThan(1_000_000)
    })

    test('input-that-weighs-more: a template of the caller may write any length, so it is 400 ceiling_required', async () => {
      for (const template of [{ chat_template: '{% for i in range(9) %}x{% endfor %}' }, { extra_body: { chatTemplate: 'x' } }])
        expect(await setAside(['chat/completions', { model: 'm', max_tokens: 16, messages: [], ...template }])).toBe('ceiling_required')
    })
  },
  {
    limits: {
      prices: {
        version: '1',
        prices: [{ model: '*', unit: 'USD', perMillion: { input: 1, output: 1 }, ceilings: { image: 1500, file: 5000 } }],
      },
      rules: [
        { name: 'calls', requests: 1_000_000 },
        { name: 'tokens', tokens: 1_000_000_000, onUnavailable: 'allow' },
      ],
    },
  },
)
