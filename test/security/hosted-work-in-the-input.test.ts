import { expect, test } from 'vitest'
import { forAnAnsweringGateway } from '../support/answering-gateway.js'

/*
 * Formats let a request define tools in its input. Who runs such a tool bills it as one among `tools`, so a limit of money or tokens takes
 * it for the same, wherever it stands.
 */

const hosted: Readonly<Record<string, object>> = {
  'a web search': { type: 'web_search' },
  'an interpreter': { type: 'code_interpreter', container: { type: 'auto', memory_limit: '64g' } },
  'a server that is asked': { type: 'mcp', server_label: 'a', server_url: 'https://mcp.example.com' },
  'a search in files': { type: 'file_search', vector_store_ids: [] },
  'a painter': { type: 'image_generation' },
  'a shell of the provider': { type: 'shell', environment: { type: 'container_auto' } },
  'a search for tools': { type: 'tool_search' },
  'a type that nobody knows': { type: 'brand_new_20300101', name: 'x' },
  'no type, and a setting': { name: 'x', server_url: 'https://mcp.example.com' },
}
const ofAnthropic: Readonly<Record<string, object>> = {
  'a web search of Anthropic': { type: 'web_search_20250305', name: 'web_search', max_uses: 20 },
  'the tools of a server': { type: 'mcp_toolset', mcp_server_name: 'x' },
  'code that the provider runs': { type: 'code_execution_20250825', name: 'code_execution' },
}
const ownFunction = {
  type: 'function',
  name: 'weather',
  parameters: { type: 'object', properties: { tool: { type: 'x' }, tools: { type: 'y' } } },
}

type Wrap = (tool: object) => readonly [path: string, body: object]

const question = { role: 'user', content: 'Hi' }
const item = (type: string, ...tools: object[]): readonly [string, object] => [
  'responses',
  { max_output_tokens: 16, input: [{ type, role: 'developer', call_id: 'c', tools }, question] },
]
const places: Readonly<Record<string, Wrap>> = {
  'at the top': (tool) => ['responses', { max_output_tokens: 16, input: 'Hi', tools: [tool] }],
  'in additional_tools': (tool) => item('additional_tools', tool),
  'in tool_search_output': (tool) => item('tool_search_output', tool),
  'in a namespace': (tool) => [
    'responses',
    { max_output_tokens: 16, input: 'Hi', tools: [{ type: 'namespace', name: 'n', tools: [tool] }] },
  ],
  'in a namespace in the input': (tool) => item('additional_tools', { type: 'namespace', name: 'n', description: 'd', tools: [tool] }),
  'in another spelling': (tool) => ['responses', { max_output_tokens: 16, input: [{ type: 'additional_tools', Tools: [tool] }, question] }],
  'behind a function': (tool) => item('additional_tools', ownFunction, tool),
}
const addition = (tool: object): readonly [string, object] => [
  'messages',
  { max_tokens: 16, messages: [question, { role: 'system', content: [{ type: 'tool_addition', tool }] }] },
]
const placesOfMessages: Readonly<Record<string, Wrap>> = {
  'at the top': (tool) => ['messages', { max_tokens: 16, messages: [question], tools: [tool] }],
  'in a tool_addition': (tool) => addition({ type: 'tool_definition', definition: tool }),
  'in a tool_addition at once': (tool) => addition(tool),
  'with a server beside it': (tool) => addition({ type: 'tool_definition', definition: tool, server: { url: 'https://mcp.example.com' } }),
}

const cases = [
  ...Object.entries(hosted).flatMap(([what, tool]) =>
    Object.entries(places).map(([where, wrap]) => [`${what}, ${where}`, ...wrap(tool)] as const),
  ),
  ...Object.entries(ofAnthropic).flatMap(([what, tool]) =>
    Object.entries(placesOfMessages).map(([where, wrap]) => [`${what}, ${where}`, ...wrap(tool)] as const),
  ),
]

const customOfAnthropic = { name: 'weather', description: 'd', input_schema: { type: 'object', properties: { tool: { type: 'x' } } } }
const free = [
  ...Object.entries(places)
    .filter(([where]) => where !== 'in another spelling')
    .map(([where, wrap]) => [`a function, ${where}`, ...wrap(ownFunction)] as const),
  ...['in a tool_addition', 'at the top'].map(
    (where) => [`a tool of the caller, ${where}`, ...(placesOfMessages[where] as Wrap)(customOfAnthropic)] as const,
  ),
  ['what refers to a tool', ...addition({ type: 'tool_reference', name: 'weather' })] as const,
  [
    'the tools of a server, as an earlier answer listed them',
    'responses',
    {
      max_output_tokens: 16,
      input: [{ type: 'mcp_list_tools', server_label: 's', tools: [{ name: 'f', input_schema: {}, annotations: {} }] }, question],
    },
  ] as const,
]

const prices = [{ model: 'm', unit: 'USD', perMillion: { input: 1, output: 1 }, maxOutput: 1000 }]

for (const [unit, rule] of Object.entries({ money: { spend: '5 USD' }, tokens: { tokens: 1_000_000 } }))
  forAnAnsweringGateway(
    { endpoints: { messages: { methods: ['POST'], format: 'messages', model: 'body' } } },
    (open) => {
      test.each(cases)(`hosted-work-in-the-input: under a limit of ${unit}, %s is 400 ceiling_required`, async (_, path, body) => {
        const before = open().upstream.seen.length
        const answer = await open().call('POST', path, { model: 'm', ...body })
        expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([400, 'ceiling_required'])
        expect(open().upstream.seen.length).toBe(before)
      })

      test.each(free)(`hosted-work-in-the-input: under a limit of ${unit}, %s passes`, async (_, path, body) => {
        open().answer((_request, response) => response.setHeader('content-type', 'application/json').end('{"id":"x"}'))
        expect((await open().call('POST', path, { model: 'm', ...body })).status).toBe(200)
      })
    },
    { limits: { prices: { version: '1', prices }, rules: [{ name: 'all', ...rule }] } },
  )
