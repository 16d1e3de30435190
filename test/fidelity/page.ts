import { fileURLToPath } from 'node:url'
import { rows } from './http/rows.js'
import { roads } from './http/row.js'
import {
  type KnownHeaders,
  ofBackendRequests,
  ofEveryAnswer,
  ofEveryRequest,
  ofGatewayAnswers,
  ofGatewayRequests,
} from './known-headers.js'
import { askedOfAll, closedPaths } from './methods/closed-methods.js'

/** The page of the documents, from where this is compiled to. */
export const pageFile = fileURLToPath(new URL('../../../../docs/fidelity.md', import.meta.url))

/** The page that says what differs on purpose, from the lists that the comparison goes by. */
export async function fidelityPage(): Promise<string> {
  const asked = await askedOfAll()
  const closed = closedPaths(asked)
  return `# What is not the same through Postern

Made from the lists that \`npm run fidelity\` goes by; a test fails where the page says anything else. Whatever is not here is the same
as without Postern: what a client makes of an answer, and method, path, query, body and headers of the request that the upstream gets.

\`npm run fidelity\` asks all of it directly and through Postern: every method of the installed \`openai\` 6, \`openai\` 7 and
\`@anthropic-ai/sdk\` (${asked.filter(({ path }) => path !== '').length} ways to call one, behind both doors); streams of OpenAI, Anthropic and Google, cut in two at every byte; and ${rows.length} exchanges of odd
but legal HTTP on bare sockets, on the road to gateways and on the road to the backend. Its exit status is 1 where something differs that is
not listed here, and where something is listed that does not differ. A sample runs with the tests.

## Closed on purpose

Methods of the clients that Postern refuses with 403 \`endpoint_not_allowed\` whatever its operator writes: they administer the account, mint
credentials, or hand out connections that lead past it. Everything else is open in the dialect \`openai\`, or can be
[opened](gateways/README.md#which-endpoints-are-open).

| path below \`/v1/\` | in the clients | methods |
|---|---|---|
${closed.map(({ path, packages, calls }) => `| \`${path}\` | ${packages.map((name) => `\`${titleOf(name)}\``).join(', ')} | ${calls} |`).join('\n')}

## Headers

| of | headers | because |
|---|---|---|
${[
  ...headerRows('every request', ofEveryRequest),
  ...headerRows('requests to gateways', ofGatewayRequests),
  '| requests to gateways | whatever is on no [list](gateways/README.md) of what callers may say | request headers go to a gateway by an allow-list; `gateways.<name>.passHeaders` adds to it |',
  ...headerRows('requests to the backend', ofBackendRequests),
  ...headerRows('every answer', ofEveryAnswer),
  ...headerRows('answers of gateways', ofGatewayAnswers),
].join('\n')}

A stream of events from a gateway has one comment more, \`: postern {…}\`, in which the [record](../README.md#what-comes-back) of the call stands.

## Odd but legal HTTP

| what | road | differs in | because |
|---|---|---|---|
${httpRows().join('\n')}
`
}

function titleOf(name: string): string {
  return name === 'openai-7' ? 'openai 7' : name === 'openai' ? 'openai 6' : name
}

function headerRows(of: string, lists: readonly KnownHeaders[]): string[] {
  return lists.map(({ names, why }) => `| ${of} | ${names.map((name) => `\`${name}\``).join(', ')} | ${why} |`)
}

/** The rows that differ: one line for each reason, with all that differs for it and the roads where it does. */
function httpRows(): string[] {
  return rows.flatMap(({ group, name, differs = {} }) => {
    const said = new Map<string, { readonly what: Set<string>; readonly on: Set<string> }>()
    for (const road of roads) {
      for (const [what, why] of Object.entries(differs[road] ?? {})) {
        const found = said.get(why) ?? { what: new Set(), on: new Set() }
        said.set(why, { what: found.what.add(`\`${what.replaceAll('|', '\\|')}\``), on: found.on.add(road) })
      }
    }
    return [...said].map(
      ([why, { what, on }]) =>
        `| ${group}: ${name} | ${on.size === roads.length ? 'both' : [...on].join()} | ${[...what].join(', ')} | ${why} |`,
    )
  })
}
