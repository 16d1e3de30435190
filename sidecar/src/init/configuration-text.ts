import { type Dialect, dialects } from '@postern/gateways'
import type { InitChoices, WayOfCalling } from './init-choices.js'
import { callerLabel, providerVariable, ringVariable, sessionVariable } from './variables.js'

/** The text of a new `postern.yaml`. Names that the operator chose are written as JSON strings, which are valid YAML. */
export function configurationText(choices: InitChoices, schemaPath: string): string {
  const { dialect: id, team, callers, port } = choices
  const dialect: Dialect = dialects[id]
  const baseURL = choices.baseURL ?? dialect.baseURL
  const key = [
    'gateway: main',
    `secret: { env: ${dialect.keyVariable} }`,
    ...(dialect.providerCredential === undefined ? [] : [`providerSecret: { env: ${providerVariable} }`]),
    ...(dialect.project === undefined ? [] : ['project: main']),
  ]
  return `# yaml-language-server: $schema=${schemaPath}
version: 1
listen: { host: 127.0.0.1, port: ${port} } # where other machines call it, write host: 0.0.0.0 and hosts: [app.example.com]
mount: /ai # the API lives under /ai/v1
admin: { socket: ./postern.sock } # for "postern health" and "postern reload"
${partOfBackend(choices)}
gateways:
  main: { dialect: ${id}${baseURL === undefined ? '' : `, baseURL: ${JSON.stringify(baseURL)}`} }

keys: # each by a name of yours; the key itself stands in .env
  main: { ${key.join(', ')} }

bindings: # who each key is for; nobody named, nobody served
  - { team: ${JSON.stringify(team)}, key: main }

callers: # how a request proves who sends it
${partOfCallers[callers](choices)}`
}

function partOfBackend({ callers, cookieOwner }: InitChoices): string {
  if (callers !== 'cookie') return ''
  return `backend: { url: ${JSON.stringify(new URL(cookieOwner).origin)} } # gets everything outside the mount, so pages and API have one origin\n`
}

const session = `  session: { secret: { env: ${sessionVariable} }, ttl: 10m } # whoever has the secret mints sessions: see docs/server.md\n`

const partOfCallers: Readonly<Record<WayOfCalling, (choices: InitChoices) => string>> = {
  service: ({ team }) => `  service:
    hashes: { env: ${ringVariable} } # label:sha256hex; "postern callers add" makes further ones
    principals:
      ${callerLabel}: { user: ${callerLabel}, team: ${JSON.stringify(team)} }
`,
  session: () => session,
  cookie: ({ cookieOwner }) =>
    `${session}  forwardAuth: { url: ${JSON.stringify(cookieOwner)} } # answers { "user": …, "team": … } for the cookie of a request\n`,
}
