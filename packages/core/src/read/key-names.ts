/** Names under which clients of one API or another send keys, as {@link squash} leaves them. */
const anywhere = [
  'apikey',
  'xapikey',
  'xgoogapikey',
  'openaiapikey',
  'xopenaiapikey',
  'providerkey',
  'xproviderkey',
  'gatewaykey',
  'xauthorization',
]

const inHeaders = new Set(anywhere)
const inQueries = new Set([...anywhere, 'key', 'accesstoken', 'authorization'])
const inBodies = new Set([...anywhere, 'accesstoken', 'authorization'])

/** Whether a key is sent in a header of this name, which is in lower case. */
export function isKeyHeader(name: string): boolean {
  const squashed = squash(name)
  return inHeaders.has(squashed) || squashed.endsWith('apikey')
}

/** Whether a key is sent in a parameter of this name, which is in lower case and without what is around it. */
export function isKeyParameter(name: string): boolean {
  return inQueries.has(squash(name))
}

/** Whether a key is sent in a member of this name, which is folded. */
export function isKeyMember(name: string): boolean {
  return inBodies.has(squash(name))
}

/** `api-key`, `api_key` and `apikey` are one name to people, and to some servers. */
function squash(name: string): string {
  return name.replaceAll(/[^a-z0-9]/g, '')
}
