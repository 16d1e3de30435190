import { describe, expect, test } from 'vitest'
import { createAnswerFilter, normalizeName } from '../../packages/core/src/forward/header-filter.js'
import { connectionNames } from '../../packages/core/src/lib/connection-names.js'

/** Headers of a gateway that must not reach a client, by who would act on them. */
const dropped: Readonly<Record<string, readonly string[]>> = {
  'Postern, which writes its own': [
    ['Content-Length', 'Date', 'X-Request-ID', 'X-Should-Retry', 'Retry-After', 'Postern-Governance', 'Postern-Refusal', 'DPoP-Nonce'],
    ['Access-Control-Allow-Origin', 'Access-Control-Expose-Headers'],
  ].flat(),
  'the connection, which they are about': [
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Transfer-Encoding',
    'Alt-Svc',
    'Proxy-Authenticate',
  ],
  'caches, which could keep them for others': [
    'Cache-Control',
    'CDN-Cache-Control',
    'Surrogate-Control',
    'Expires',
    'Vary',
    'Age',
    'Edge-TTL',
  ],
  'the origin of the customer': [
    ['Set-Cookie', 'Set-Cookie2', 'Clear-Site-Data', 'WWW-Authenticate', 'Authentication-Info', 'Server', 'Via', 'X-Powered-By'],
    ['Strict-Transport-Security', 'Content-Security-Policy', 'Content-Security-Policy-Report-Only', 'Cross-Origin-Opener-Policy'],
    ['Origin-Agent-Cluster', 'X-Content-Security-Policy', 'X-WebKit-CSP', 'Permissions-Policy', 'Permissions-Policy-Report-Only'],
    ['Feature-Policy', 'Document-Policy', 'Document-Policy-Report-Only', 'Document-Isolation-Policy', 'Require-Document-Policy'],
    ['Integrity-Policy', 'Integrity-Policy-Report-Only', 'Expect-CT', 'Public-Key-Pins', 'Public-Key-Pins-Report-Only'],
    [
      'Timing-Allow-Origin',
      'Referrer-Policy',
      'Report-To',
      'Reporting-Endpoints',
      'NEL',
      'Service-Worker-Allowed',
      'SourceMap',
      'X-SourceMap',
    ],
  ].flat(),
  'browsers, which would act on them': [
    ['Set-Login', 'Sec-Session-Registration', 'Activate-Storage-Access', 'Observe-Browsing-Topics', 'Shared-Storage-Write'],
    ['Attribution-Reporting-Register-Source', 'Ad-Auction-Signals', 'Speculation-Rules', 'Supports-Loading-Mode', 'Accept-CH'],
    ['Accept-CH-Lifetime', 'Critical-CH', 'Refresh', 'X-Content-Type-Options', 'X-DNS-Prefetch-Control', 'X-Download-Options'],
    ['X-Frame-Options', 'X-Permitted-Cross-Domain-Policies', 'X-XSS-Protection', 'X-UA-Compatible', 'X-Robots-Tag', 'Link'],
  ].flat(),
  'clients, which would follow them past Postern': [
    ['Location', 'Content-Location', 'Operation-Location', 'Azure-AsyncOperation', 'X-Goog-Upload-URL', 'X-Goog-Upload-Control-URL'],
    ['HX-Redirect', 'Turbo-Location', 'Turbo-Frame', 'X-Turbo-Request-Id', 'X-Inertia', 'X-Inertia-Location', 'X-NextJS-Redirect'],
    ['X-Middleware-Rewrite', 'X-PJAX-URL', 'X-IC-Redirect', 'X-Up-Target', 'X-Remix-Redirect', 'FX-Redirect'],
  ].flat(),
  'servers in front of Postern': ['X-Accel-Redirect', 'X-Sendfile', 'X-Sendfile-Type', 'X-Lighttpd-Send-File', 'X-Reproxy-URL'],
  'whoever reads credentials': ['Authorization', 'Cookie', 'X-API-Key', 'api-key', 'X-Goog-Api-Key'],
}

/** Names that pass, of which several hold the name of a dropped one. */
const passed = [
  ['Content-Type', 'Content-Encoding', 'ETag', 'X-RateLimit-Remaining', 'X-Gateway-Model', 'OpenAI-Processing-Ms', 'X-Content-Type'],
  [
    'Linked',
    'X-Link',
    'Dates',
    'Servers',
    'Viable',
    'X-Server',
    'My-Cookie',
    'Locations',
    'Relocation',
    'Secure',
    'Posterns',
    'X-Hx-Redirect',
  ],
  ['Authorizations', 'Refreshed', 'Nelson', 'Origin-Agent', 'Turbot', 'Adapter'],
].flat()

describe('a header of a gateway’s answer', () => {
  const isDropped = (name: string): boolean => createAnswerFilter()(name)

  test.each(Object.keys(dropped))('does not reach the client if it is one for %s', (whom) => {
    const names = dropped[whom] as readonly string[]
    const spellings = (name: string): readonly string[] => [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_')]
    expect(names.flatMap(spellings).filter((name) => !isDropped(name))).toEqual([])
  })

  test('reaches the client if it is none of these', () => {
    expect(passed.filter((name) => isDropped(name))).toEqual([])
  })

  test('is compared in lower case and with hyphens', () => {
    expect(normalizeName('X_API-Key_2')).toBe('x-api-key-2')
  })
})

describe('the headers that Connection names', () => {
  test('are none for its usual values, and none without it', () => {
    expect([undefined, 'keep-alive', 'close'].map(connectionNames)).toEqual([undefined, undefined, undefined])
  })

  test('are all that it names, in lower case and without blanks', () => {
    expect(connectionNames('close, X-Hop ,\tx-other,,Keep-Alive')).toEqual(new Set(['close', 'x-hop', 'x-other', '', 'keep-alive']))
  })

  test.each([
    ['Content-Type', 'content-length', 'Content-Encoding', 'Sec-Fetch-Site', 'sec-fetch-mode'],
    ['Host', 'Authorization', 'COOKIE', 'DPoP', 'Origin', 'Accept'],
  ])('leave out what Postern has decided by: %s, %s, %s, %s, %s', (...names) => {
    expect(connectionNames(names.join(','))).toEqual(new Set())
  })

  test('leave out nothing that is only called alike', () => {
    const alike = ['contents', 'x-content-type', 'sec-ch-ua', 'x-sec-fetch-site', 'hosts', 'accept-language', 'x-authorization', 'cookie2']
    expect(connectionNames(alike.join(','))).toEqual(new Set(alike))
  })
})
