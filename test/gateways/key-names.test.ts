import { isApiKeyHeader, isKeyHeader, isKeyParameter, keyHeaders, keyNameOf, squashName } from '@postern/gateways'
import { describe, expect, test } from 'vitest'
import { expectAll } from '../support/expect-all.js'
import { namesOfKeys } from '../support/names-of-keys.js'

describe('the name of a key', () => {
  /** One name for each ending, each owner and each word. */
  const endings = [
    [
      'x_api_key',
      'my-api-keys',
      'api_token',
      'apiSecret',
      'access_key',
      'accessKeyId',
      'access-token',
      'auth_key',
      'authToken',
      'auth_header',
    ],
    [
      'bearer_token',
      'session_token',
      'security_token',
      'refresh_token',
      'sas_token',
      'ad_token',
      'identity_token',
      'web_token',
      'oauth_token',
    ],
    ['oauth2_token', 'secret_key', 'secret_access_key', 'secret_token', 'private_key', 'master_key', 'virtual_key', 'subscription_key'],
    [
      'signing_key',
      'provider_key',
      'gateway_key',
      'client_secret',
      'app_secret',
      'shared_secret',
      'authorization',
      'credential',
      'credentials',
    ],
    ['password', 'passwd', 'passphrase', 'connection_string', 'service_account', 'service_account_json', 'service_account_key'],
    ['service_account_info', 'my_authorization', 'iam_token', 'sts_token', 'aws_bearer_token_bedrock', 'basic_auth', 'http_basic_auth'],
  ].flat()
  const owned = [
    [
      'openai_key',
      'azure_keys',
      'vertex_token',
      'claude_secret',
      'groq_jwt',
      'user_pat',
      'team_auth',
      'tenant_creds',
      'mistral_key',
      'grok_key',
    ],
    ['github_token', 'service_key', 'llm_key', 'vendor_token', 'x_openrouter_key', 'deepseek-key', 'client_token', 'my_user_key'],
  ].flat()
  const alone = ['token', 'auth', 'secret', 'bearer', 'jwt', 'pat', 'id_token', 'pass', 'pwd', 'creds', 'byok', 'x-token', 'X-Auth']
  const none = [
    [
      'api',
      'keys_of',
      'tokens',
      'max_tokens',
      'authors',
      'key_id',
      'password_hint',
      'credential_name',
      'tokenizer',
      'secretary',
      'my_token',
    ],
    [
      'yx_token',
      'monkey',
      'passport',
      'authorizations',
      'compass',
      'apikeyx',
      'userkeyed',
      'connectionstrings',
      'xx_secret',
      'a_user',
      'hf',
    ],
  ].flat()

  test('is certain where its ending says so, whoever’s it is', () => {
    const unlessAlone = namesOfKeys.filter((name) => !alone.map(squashName).includes(squashName(name)) && squashName(name) !== 'xauthtoken')
    expectAll([...endings, ...owned, ...unlessAlone], (name) => keyNameOf(squashName(name)), 'certain')
  })

  test('is possible where it is one word', () => {
    expectAll(alone, (name) => keyNameOf(squashName(name)), 'possible')
  })

  test('means a key at the top of a body alone where it is just "key"', () => {
    expectAll(['key', 'keys', 'x_key', 'X-Keys'], (name) => keyNameOf(squashName(name)), 'on top')
  })

  test('is none of these in any other word', () => {
    expectAll([...none, 'xxkey', 'key2', 'keyss'], (name) => keyNameOf(squashName(name)), undefined)
  })

  test('is that of a header, but for the one in which callers say who they are', () => {
    expectAll(
      [...endings, ...owned, ...alone, 'key', 'X-Keys'].filter((name) => name !== 'authorization'),
      isKeyHeader,
      true,
    )
    expectAll([...none, 'Authorization', 'authorization', 'code', 'sig', 'X-Signature'], isKeyHeader, false)
  })

  test('is that of a header that can only hold an API key', () => {
    expectAll([...keyHeaders, 'X-Authorization', 'My-Provider-Key', 'gateway_key', 'x-openai-api-key'], isApiKeyHeader, true)
    expectAll(
      [
        'Authorization',
        'X-My-Authorization',
        'Max-Authorization',
        'X-Authorization-2',
        'X-Token',
        'api-key-id',
        'X-Provider-Keys',
        'X-Auth-Key',
      ],
      isApiKeyHeader,
      false,
    )
  })

  test('is that of a parameter also where signed URLs have one', () => {
    const ofUrls = ['key', 'x-key', 'code', 'sig', 'X-Sig', 'signature', 'X-Amz-Signature']
    expectAll([...endings, ...owned, ...alone, ...ofUrls], isKeyParameter, true)
    expectAll([...none, 'keys', 'codes', 'zip_code', 'signatures', 'sigh', 'my_key', 'xxkey'], isKeyParameter, false)
  })

  test('is known of the headers that are taken out of answers', () => {
    expect(keyHeaders).toHaveLength(12)
    expectAll(keyHeaders, isKeyHeader, true)
    const names = ['x-api-key', 'api-key', 'apikey', 'x-apikey', 'x-goog-api-key', 'x-provider-key', 'x-providerkey', 'provider-key']
    expect(keyHeaders).toEqual([...names, 'providerkey', 'x-authorization', 'x-openai-api-key', 'openai-api-key'])
  })
})
