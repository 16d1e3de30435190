import { hopByHop } from '@postern/protocol'
import { describe, expect, test } from 'vitest'
import { classifyHeader, hyphenate } from '../../packages/instance/src/backend/header-rules.js'
import { applicationsWord, proxysWord, variables, variablesRespelled } from '../support/headers-of-proxies.js'

const nameOf = (line: string): string => (line.split(':', 1)[0] as string).toLowerCase()

/** Further names, one for each that the rules know beside those that a whole process is asked about. */
const furtherOfProxies = [
  [
    'client-ip',
    'x-archived-client-ip',
    'x-custom-ip-authorization',
    'x-cluster-client-ip',
    'wl-proxy-client-ip',
    'client-cert-chain',
    'gap-auth',
    'x-host',
  ],
  ['x-custom-host', 'x-scheme', 'x-url-scheme', 'x-proxycontextpath', 'was-default-hostname', 'x-grafana-id', 'x-identity-status'],
  [
    'x-odoo-dbfilter',
    'x-api-roles',
    'smuser',
    'targeted-id',
    'unscoped-affiliation',
    'x-waws-url',
    'eo-client-ip',
    'x-jfrog-override-base-url',
  ],
  ['x-service-mesh-svid', 'my-authenticated-flag', 'x-shib', 'x-oidc', 'x-saml2-name', 'x-mellon-name', 'x-clientcert', 'x-app-userinfo'],
].flat()

describe('a request header on the way to the backend', () => {
  const ruleOf = (name: string) => classifyHeader(['Postern-Assertion', 'x_ours'])(name)
  const rulesOf = (names: readonly string[]): readonly string[] => names.map((name) => `${name}: ${ruleOf(name)}`)

  test('that is about one connection is dropped, in each spelling', () => {
    const names = [...hopByHop.map((name) => name.replace('*', 'anything')), 'expect', 'keep_alive', 'transfer.encoding', 'http-te']
    expect(rulesOf(names)).toEqual(names.map((name) => `${name}: drop`))
  })

  test('that Postern writes itself is dropped, in each spelling', () => {
    const names = [
      ['host', 'content-length', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'proxy'],
      [
        'content_length',
        'x_forwarded_for',
        'http_proxy',
        'http-http-forwarded',
        'postern-assertion',
        'postern_assertion',
        'x-ours',
        'x_ours',
      ],
    ].flat()
    expect(rulesOf(names)).toEqual(names.map((name) => `${name}: drop`))
  })

  test('in which a proxy says who calls or from where is a trusted proxy’s to say', () => {
    const names = [...proxysWord.map(nameOf), ...variables.map(nameOf), ...furtherOfProxies]
    expect(rulesOf(names)).toEqual(names.map((name) => `${name}: forward-if-from-proxy`))
  })

  test('of a proxy in a spelling that the proxy does not write is dropped', () => {
    const respelled = [...proxysWord.map(nameOf), ...furtherOfProxies].filter((name) => name.includes('-'))
    const names = [...respelled.map((name) => name.replace('-', '_')), ...variablesRespelled.map(nameOf), 'http-remote-user']
    expect(rulesOf(names)).toEqual(names.map((name) => `${name}: drop`))
  })

  test('of an application reaches the backend', () => {
    const names = applicationsWord.map(nameOf)
    expect(rulesOf(names)).toEqual(names.map((name) => `${name}: forward`))
  })

  test.each([
    ['x-auth-agent-user-agent', 'forward'],
    ['x-auth-user-agent-user', 'forward-if-from-proxy'],
    ['x-user-auth', 'forward'],
    ['x-auth', 'forward'],
    ['user', 'forward'],
    ['auth-user', 'forward-if-from-proxy'],
    ['x-sso-display-displayname', 'forward-if-from-proxy'],
    ['x-jwt-sso-payload', 'forward-if-from-proxy'],
    ['x-payload-jwt', 'forward'],
    ['x-token-assertion', 'forward'],
    ['x-jwt-name', 'forward'],
    ['x-ssl-cert', 'forward-if-from-proxy'],
    ['x-mtls-peer-dn', 'forward-if-from-proxy'],
    ['x-cert-peer', 'forward'],
  ])('is taken for a statement about the caller by the order of its words: %s, %s', (name, rule) => {
    expect(ruleOf(name)).toBe(rule)
  })

  test.each([
    [
      'x-okta-entitlements',
      'x-cognito-claims',
      'x-kerberos-principal',
      'x-verified-sub',
      'x-apache-upn',
      'x-rancher-uid',
      'x-workos-email',
    ],
    ['x-databricks-usergroups', 'x-netlify-user', 'x-haproxy-role', 'x-jupyterhub-user', 'x-oauth-fullname', 'x-auth-surname', 'x-tls-dn'],
  ])('that names who vouches before what it says is a proxy’s: %s, %s, %s, %s, %s, %s, %s', (...names) => {
    expect(rulesOf(names)).toEqual(names.map((name) => `${name}: forward-if-from-proxy`))
  })

  test('has the name that CGI would make of it', () => {
    const spelled = ['a.b~c d', 'http_http-http.x', 'x-http-y', 'https', 'http', 'http-', 'abc-09']
    expect(spelled.map(hyphenate)).toEqual(['a-b-c-d', 'x', 'x-http-y', 'https', 'http', '', 'abc-09'])
  })
})
