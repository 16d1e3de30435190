import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'
import { namesOfKeys as names } from '../support/names-of-keys.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'

/** Of no known form, so that only the name can tell. */
const opaque = '9f86d081884c7d65'
/** Of the form of somebody's key, so that the value tells under any name. */
const shapes = [
  ['sk-0123456789abcdefgh', 'sk-proj-0123456789abcdefgh', 'sk-ant-api03-0123456789abcdefgh', 'sk-or-v1-0123456789abcdefgh'],
  ['jt_0123456789abcdef', 'fai_0123456789abcdefghijklmnop', 'mt_live_0123456789', 'gw_0123456789abcdef'],
  [
    'AIzaSyA0123456789abcdefghijklmnopqrstu',
    'gsk_0123456789abcdefghijklmnop',
    'xai-0123456789abcdefghijklmnop',
    'hf_0123456789abcdefghijklmnop',
  ],
  ['ya29.a0123456789abcdefghijklmnop', 'AKIA0123456789ABCDEF', 'pplx-0123456789abcdefghijklmnop', 'nvapi-0123456789abcdefghijklmnop'],
].flat()

const chat = (house: House, members: string): string =>
  `{"model":${JSON.stringify(house.model)},"messages":[{"role":"user","content":"Hello"}]${members === '' ? '' : `,${members}`}}`

/** The members of objects of the OpenAI API that the types of the installed client know, but for those that administer. */
function documentedMembers(): readonly string[] {
  const root = join(dirname(fileURLToPath(import.meta.resolve('openai'))), 'src/resources')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !/^(?:admin|webhooks)\b/.test(name),
  )
  const members = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^ +(?:readonly )?'?([A-Za-z_][\w-]*)'?\??: /gm)].map(([, name = '']) => name),
  )
  return [...new Map(members.map((name) => [name.toLowerCase(), name])).values()].filter((name) => !notOfRequests.includes(name))
}

/** What only answers have, and what a tool of MCP has, which is asked for above; and what the body has anyway. */
const notOfRequests = ['token', 'client_secret', 'organization_id', 'authorization', 'model', 'messages', 'stream', 'key', 'keys']

describe('keys-under-other-names', () => {
  forEachDoor({ gateway: 'joytoken' }, (house) => {
    const send = async (members: string): Promise<readonly unknown[]> => {
      const before = house().emulator.seen.length
      const answer = await rawChat(house(), [], { body: chat(house(), members) })
      return [statusOf(answer), codeOf(answer), house().emulator.seen.length - before]
    }
    const refused = [400, 'credential_in_request', 0]
    const taken = [200, undefined, 1]

    test.each(names)('a member %s is a key, at the top and wherever a gateway reads settings', async (name) => {
      const member = `${JSON.stringify(name)}:"${opaque}"`
      expect(await send(member)).toEqual(refused)
      for (const place of ['extra_body', 'litellm_params', 'provider', 'config', 'options', 'extra_headers', 'headers', 'routing'])
        expect([place, ...(await send(`"${place}":{${member}}`))]).toEqual([place, ...refused])
      expect(await send(`"fallbacks":[{"a":[{"litellm_params":{${member}}}]}]`)).toEqual(refused)
      expect(await send(`"models":["a",{"b":{${member}}}]`)).toEqual(refused)
    })

    test.each(names.filter((name) => !name.includes('\u2010')))('a header %s is a key', async (name) => {
      if (/[^\x21-\x7e]/.test(name)) return expect(name).toContain('\u212a')
      const answer = await rawChat(house(), [`${name}: ${opaque}`])
      // A proxy's own is taken off and not refused.
      expect([statusOf(answer), codeOf(answer)]).toEqual(name === 'proxy_authorization' ? [200, undefined] : [400, 'credential_in_request'])
      expect(JSON.stringify(house().emulator.seen.at(-1)?.headers ?? [])).not.toContain(opaque)
    })

    test.each([
      ...names,
      'key',
      'code',
      'sig',
      'subscription-key',
      'X-Amz-Signature',
      'X-Amz-Credential',
      'provider[api_key]',
      'a.b[openai_key]',
      'to%6ben',
      'to%256Ben',
      '%2561pi_key',
    ])('a parameter %s is a key', async (name) => {
      const query = /[^\x21-\x7e]/.test(name) ? encodeURIComponent(name) : name
      const answer = await rawChat(house(), [], { path: `/ai/v1/chat/completions?a=b&${query}=${opaque}` })
      expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'credential_in_request'])
    })

    test.each(shapes)('%s has the form of a key, under whatever name it comes', async (key) => {
      const escaped = `\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}`
      for (const member of [
        `"user":"${key}"`,
        `"x":{"y":["${key}"]}`,
        `"metadata":{"note":" Bearer ${key}"}`,
        `"stop":["${escaped}"]`,
        `"model_options":{"z":"${key}\\n"}`,
      ])
        expect([member, ...(await send(member))]).toEqual([member, ...refused])
      const byHeader = await rawChat(house(), [`X-Whatever: ${key}`])
      expect([statusOf(byHeader), codeOf(byHeader)]).toEqual([400, 'credential_in_request'])
      const escape = (text: string): string =>
        text
          .split('')
          .map((each) => `%${each.charCodeAt(0).toString(16)}`)
          .join('')
      for (const path of [
        `chat/completions?x=${key}`,
        `chat/completions?x=${escape(key)}`,
        `chat/completions?x=${escape(escape(key))}`,
        `unheard/${key}/of`,
      ]) {
        const answer = await rawChat(house(), [], { path: `/ai/v1/${path}` })
        expect([path, codeOf(answer)]).toEqual([path, 'credential_in_request'])
        expect(answer).not.toContain(key)
      }
    })

    test.each(
      [
        [
          'api_base',
          'base_url',
          'baseURL',
          'azure_endpoint',
          'custom_host',
          'api_version',
          'vertex_project',
          'vertex_location',
          'aws_region_name',
        ],
        [
          'custom_llm_provider',
          'user_config',
          'model_list',
          'openai_organization',
          'organization_id',
          'proxy_url',
          'api-host',
          'targetUrl',
          'upstream_url',
        ],
        ['aws_external_id', 'aws_bedrock_runtime_endpoint', 'region_name', 'oci_tenancy', 'watsonx_space_id'],
        ['langfuse_host', 'langsmith_project', 'gcs_bucket_name', 'callbacks', 'success_callback', 'posthog_host'],
        ['mock_response', 'mock_testing_fallbacks', 'mock_tool_calls', 'input_cost_per_token', 'output_cost_per_second'],
      ].flat(),
    )('a member %s would say where the call goes or who pays, and is refused', async (name) => {
      const member = `"${name}":"https://evil.example"`
      expect(await send(member)).toEqual([400, 'request_malformed', 0])
      expect(await send(`"fallbacks":[{"extra_body":{${member}}}]`)).toEqual([400, 'request_malformed', 0])
    })

    test.each(
      [
        ['litellm_credential_name', 'credential_name', 'key_alias', 'api_key_name', 'api_key_id', 'virtual_key_id', 'api_key_alias'],
        ['apikey_ref', 'virtualKeyIds', 'credential-id', 'keyAliases', 'secret_arn', 'X-Key-ID', 'openai_key_name', 'api_key_hash'],
      ].flat(),
    )('a member %s would say which of the keys of a gateway is used, and is refused but where callers label things', async (name) => {
      const member = `"${name}":"k1"`
      expect(await send(member)).toEqual([400, 'request_malformed', 0])
      expect(await send(`"litellm_params":{"a":[{${member}}]}`)).toEqual([400, 'request_malformed', 0])
      expect(await send(`"metadata":{${member}}`)).toEqual(taken)
      const answer = await rawChat(house(), [], { path: `/ai/v1/chat/completions?${name}=k1` })
      expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'request_malformed'])
    })

    test.each(
      [
        ['api_base', 'base_url', 'organization', 'project', 'project_id', 'openai-organization', 'custom_llm_provider', 'aws_region_name'],
        ['a=b&Api_Base', 'api%5Fbase', 'api%255Fbase', 'litellm_params[api_base]', 'extra.organization', 'a'.repeat(300)],
      ].flat(),
    )('a parameter %s would say where the call goes or who pays, or is longer than any, and is refused', async (name) => {
      const answer = await rawChat(house(), [], { path: `/ai/v1/chat/completions?${name}=evil` })
      expect([statusOf(answer), codeOf(answer)]).toEqual([400, 'request_malformed'])
    })

    test('parameters that APIs document pass', async () => {
      const query = [
        'after=a&before=b&limit=2&order=asc&include[]=x&include%5B%5D=y&project_ids[]=p&purpose=p&run_id=r&filter=f&model=m',
        'api-version=2024-10-21&alt=sse&stream=true&starting_after=3&metadata[a]=b&pageSize=1&beta=true&file_name=a',
      ].join('&')
      expect(statusOf(await rawChat(house(), [], { path: `/ai/v1/chat/completions?${query}` }))).toBe(200)
    })

    test.each(['x-portkey-custom-host', 'Helicone-Target-URL', 'OpenAI-Organization'])(
      'a header %s within a body, which a gateway would send on, is refused',
      async (name) => expect(await send(`"extra_headers":{"${name}":"evil"}`)).toEqual([400, 'request_malformed', 0]),
    )

    test.each([
      '"headers":{"a":"b"},"extra_headers":[["Authorization","Bearer abc"]]',
      '"extra_headers":[["OpenAI-Organization","org-1"]]',
      '"extraHeaders":[["x-model","big"]]',
      '"extra_headers":[{"name":"Authorization","value":"Bearer abc"}]',
      '"extra_headers":"{\\"Authorization\\":\\"Bearer abc\\"}"',
      '"headers":["Authorization: Bearer abc"]',
      '"default_headers":[["a","b"]]',
      '"provider_specific_header":{"extra_headers":[["Authorization","Bearer abc"]]}',
      '"a":[{"extra_headers":[["Authorization","Bearer abc"]]}]',
      '"extra_body":[["model","big"]]',
      '"extraBody":[["api_key","abc"]]',
    ])('names that are hidden in pairs, items or texts are refused: %s', async (members) =>
      expect(await send(members)).toEqual([400, 'request_malformed', 0]),
    )

    test.each([
      '"extra_headers":{}',
      '"extra_headers":{"Accept":"application/json"}',
      '"extra_headers":null',
      '"headers":[]',
      '"extra_body":{"a":[["b","c"]]}',
      '"stop":["a","b"]',
    ])('headers and settings that can be read pass: %s', async (members) => expect((await send(members))[0]).toBe(200))

    test('a key behind a member of the same name, which one parser takes and another does not, is refused', async () => {
      expect(await send(`"extra_body":{"a":{"api_key":"${opaque}"},"a":1}`)).toEqual([400, 'request_malformed', 0])
      expect(await send(`"tools":[{"type":"mcp","type":"function","authorization":"${opaque}"}]`)).toEqual([400, 'request_malformed', 0])
    })

    test.each([
      [
        'what the model reads',
        `"instructions":"The key is ${shapes[0]}","input":[{"role":"user","content":"my api_key: ${shapes[1]}","token":"x"}]`,
      ],
      ['a prompt', `"prompt":["api_key=${shapes[0]}"]`],
      [
        'a tool that takes keys',
        `"tools":[{"type":"function","function":{"name":"f","description":"as in ${shapes[0]}","parameters":{"type":"object","properties":{"api_key":{"type":"string"},"token":{},"base_url":{}}}}}]`,
      ],
      ['a tool as other APIs write it', '"tools":[{"name":"f","input_schema":{"properties":{"password":{"type":"string"}}}}]'],
      [
        'an answer’s form',
        '"response_format":{"type":"json_schema","json_schema":{"schema":{"properties":{"access_token":{},"api_key":{}}}}}',
      ],
      [
        'a server of the caller’s own',
        `"tools":[{"type":"mcp","server_label":"a","server_url":"https://mcp.example/sse?key=${shapes[0]}","authorization":"${shapes[0]}","headers":{"Authorization":"Bearer ${shapes[1]}","x-api-key":"k"}}]`,
      ],
      [
        'a server as other APIs write it',
        `"mcp_servers":[{"type":"url","url":"https://mcp.example","name":"a","authorization_token":"${opaque}"}]`,
      ],
      [
        'secrets of a network of the caller’s own',
        `"tools":[{"type":"shell","container":{"network_policy":{"domain_secrets":[{"name":"a","value":"${shapes[0]}"}]}}}]`,
      ],
      ['notes of the caller', '"metadata":{"key":"a","token":"b","auth":"basic","secret":"none","endpoint":"b","base":"c"}'],
      [
        'tokens that are counted',
        '"max_tokens":5,"stop_token_ids":[1],"prompt_cache_key":"k","logit_bias":{"50256":-100},"token_ids":[1,2],"top_logprobs":1,"include_stop_token":true',
      ],
      ['filters', '"tools":[{"type":"file_search","filters":{"type":"eq","key":"token","value":"x"}}]'],
    ])('%s may speak of keys', async (_, members) => expect(await send(members)).toEqual(taken))

    test('every member that the OpenAI API documents for requests passes, at the top and below', async () => {
      const documented = documentedMembers()
      expect(documented.length).toBeGreaterThan(600)
      expect(documented).toEqual(
        expect.arrayContaining([
          'prompt_cache_key',
          'max_completion_tokens',
          'logit_bias',
          'server_url',
          'domain_secrets',
          'store',
          'endpoint',
        ]),
      )
      const members = documented.map((name) => `"${name}":"x"`).join(',')
      for (const [places, parts] of [
        ['at the top', [documented.slice(0, 300), documented.slice(300)].map((names) => names.map((name) => `"${name}":"x"`).join(','))],
        ['below', [`"reasoning":{${members}}`]],
        ['in tools', [`"tools":[{${members}}]`]],
        ['in a tool of a tool', [`"tools":[{"type":"x","environment":{${members}}}]`]],
      ] as const) {
        for (const part of parts) {
          const before = house().emulator.seen.length
          const answer = await rawChat(house(), [], { body: chat(house(), part) })
          const refusal = /^Postern-Refusal: .*$/m.exec(answer)?.[0]
          expect([places, refusal, refusal === undefined ? '' : answer, house().emulator.seen.length - before]).toEqual([
            places,
            undefined,
            '',
            1,
          ])
        }
      }
    })

    test.each([
      ['at its end', (key: string) => `${'a b '.repeat(3000)}${key}`],
      ['at its beginning', (key: string) => `${key} ${'a b '.repeat(3000)}`],
      ['where stretches of it meet', (key: string) => `${'a'.repeat(8180)} ${key} ${'a'.repeat(9000)}`],
      ['behind packed data', (key: string) => `${'A+/9'.repeat(5000)}== ${key}`],
      ['within blanks', (key: string) => `${' '.repeat(6000)}${key}${' '.repeat(6000)}`],
    ])('a key in a long text is found %s, at every distance from the beginning', async (_, of) => {
      for (const key of [shapes[0], shapes[4], shapes[8]] as string[]) {
        for (const shift of [0, 1, 2, 7, 8, 9, 19, 20, 21, 4096]) {
          const text = `${'-'.repeat(shift)}${shift === 0 ? '' : ' '}${of(key)}`
          expect([key, shift, ...(await send(`"user":"${text}"`))]).toEqual([key, shift, ...refused])
        }
      }
    })

    test('a long key of the gateway itself is found among blanks, and packed data that holds the form of a key by chance is none', async () => {
      expect(await send(`"user":"${' '.repeat(5000)}jt_${'.'.repeat(20)}${' '.repeat(5000)}"`)).toEqual(refused)
      const data = 'A+/9'.repeat(5000)
      expect(await send(`"image":"data:image/png;base64,${data}+${shapes[8]}/${data}"`)).toEqual(taken)
      expect(await send(`"x":["a${shapes[0]}${' a'.repeat(9000)}"]`)).toEqual(taken)
    })

    test('a key beyond what is read in one turn is found as well', async () => {
      const padding = `"a":[${'{"b":1},'.repeat(40_000)}{"c":{"openai_key":"${opaque}"}}]`
      expect(await send(padding)).toEqual(refused)
      expect(await send(padding.replace('openai_key', 'open_key'))).toEqual(taken)
    })
  })
})
