// Makes docs/metrics.md of the table of what is exported.
import { mostSeries } from '../sidecar/dist/telemetry/family.js'
import { metricTable } from '../sidecar/dist/telemetry/metric-table.js'

export function metricsPage() {
  return `# Metrics and spans

\`\`\`yaml
telemetry:
  prometheus: { host: 127.0.0.1, port: 9464 }        # GET /metrics
  otlp: { url: http://127.0.0.1:4318 }               # a collector of spans, over OTLP/HTTP
\`\`\`

Each is off until it is written. Neither can change while the process runs.

## Where they are read

| where | who may | |
|---|---|---|
| \`telemetry.prometheus\` | whoever reaches the port | \`GET\` and \`HEAD /metrics\`, nothing else, one answer a connection. On an address of this machine (the default) a request that names another host is 421, so that no page in a browser reads it. On any other address, who reaches it is for your network to decide: metrics name keys by alias, and what they cost |
| the admin listener, \`/metrics\` | the role \`read\`, as [everything there](operations.md#who-may-administer) | the same text, also without \`telemetry\` |

Calls are counted from the start of the process wherever there is an admin listener or \`telemetry.prometheus\`; without either nothing is counted. What is asked for the first
time later therefore has all that came before, but for the figures of the process itself (memory, event loop), which the admin listener measures from the first
question on. If another process has the port, calls are served all the same, the log says \`waiting\` for \`metrics\`, and the port is taken when it is free.

\`prom-client\` writes the text, and OpenTelemetry's packages send spans: optional dependencies of \`@postern/sidecar\` that are loaded only where they are needed. Where one is
needed and missing, the start fails and names it. In an Express application \`telemetry\` has no effect: pass a \`witness\` to \`postern()\`, which is told the same events.

Counting costs a call less than half a microsecond of CPU (at most 3; \`npm run bench -- --only telemetry\`). The two spans of a call cost some 30 microseconds to make and
about 55 to send, which is half of what a call costs without them: [performance.md](performance.md#metrics-and-spans).

## What is exported

| name | type | labels | unit | meaning |
|---|---|---|---|---|
${Object.values(metricTable)
  .map(
    ({ name, type, labels, unit, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${unit} | ${help} |`,
  )
  .join('\n')}

Besides, those of the process that \`prom-client\` has for Node (\`process_*\`, \`nodejs_*\`), but for three gauges whose names end in \`_total\`.

## Labels

No client makes a series. Users, teams, workflows, steps, paths, hosts and addresses are no labels.

| label | is |
|---|---|
| \`gateway\` | its name in the configuration; \`none\` of a call that was refused before one was chosen |
| \`key\` | the alias in the configuration; \`ring\` for a key that is not in it; \`none\` |
| \`model\` | the model that was asked for, or else the one that answered, if prices, policies or limits name it; where only a pattern does, the pattern (\`openai/*\`; \`*\` alone tells nothing). \`other\` for any other; \`none\` where no model was read |
| \`status\` | the class: \`2xx\` |
| \`code\` | one of [errors.md](errors.md); \`none\` |
| \`finish\` | how the call ended, as in [the record](configuration.md) |
| \`rule\` | the \`name\` of a rule of \`limits.rules\`, or what clients are told in its place (\`each-user-day\`); \`session\` for a session's \`max_spend\`, \`maxCalls\` for its number of calls |
| \`issuer\` | the address of an issuer's keys, or \`forwardAuth\` |
| \`unit\` | \`credits\`, or a currency that prices name |

Names are bounded for as long as the process runs (500 keys, 200 models, 200 rules; the first ones that a configuration had), and so are the series of one metric (${mostSeries.counter}; of a
histogram ${mostSeries.histogram}). Whatever is beyond is counted as \`other\`: sums stay whole.

## Dashboards

[deploy/grafana](../deploy/grafana) has two for Grafana, to be imported as they are: *calls* (what callers ask for, what it costs, how it ends) and *operations* (the process, and what it depends
on). A test asks for every name in them.

Worth an alert: \`postern_keys_rejected_total\` or \`postern_leaks_found_total\` grew; \`postern_store_up\`, \`postern_ledger_up\`, \`postern_gateway_up\`, \`postern_issuer_up\` or \`postern_backend_up\` is 0
([how soon each is known](operations.md#what-is-lost));
\`postern_reloads_total{result="refused"}\` grew; \`postern_call_endings_total{finish="cut_budget"}\` grew: [a gateway ignores ceilings](limits.md#a-gateway-that-ignores-ceilings).

## Spans

Each call has a span of kind *server*, and each attempt at a gateway one of kind *client* within it. The call's parent is the caller's span (\`traceparent\`); the gateway gets a
\`traceparent\` whose parent is the attempt. So a trace goes from your application through Postern into the gateway.

| | |
|---|---|
| recorded | a trace that the caller records (flag \`01\`), and each that begins here: its \`traceparent\` then says so to the gateway. One that the caller does not record has no spans |
| of a call | \`http.request.method\`, \`http.route\`, \`http.response.status_code\`, \`url.path\`, \`error.type\`, and \`postern.\` \`request_id\`, \`workflow\`, \`step\`, \`parent_step\`, \`gateway\`, \`key\`, \`finish\`, \`overhead_ms\` |
| of an attempt | \`gen_ai.operation.name\`, \`gen_ai.provider.name\`, \`gen_ai.request.model\`, \`gen_ai.response.model\`, \`gen_ai.usage.input_tokens\`, \`gen_ai.usage.output_tokens\`, \`error.type\`, and \`postern.\` \`workflow\`, \`step\`, \`gateway\`, \`key\`, \`attempt\`, \`request_id\`, \`cost\`, \`cost_unit\`; the event \`gen_ai.first_token\` of a stream |
| never | content, credentials, users, teams |

Spans are sent as JSON to \`<url>/v1/traces\`, at most five seconds later, and the last ones when the process ends. At most 2,048 wait; what comes on top is lost. If the collector does not take them,
the log says \`spans_lost\` once, and \`spans_sent_again\`. No call waits for it. OpenTelemetry's own variables hold (\`OTEL_EXPORTER_OTLP_HEADERS\` for a collector that wants a
credential, \`OTEL_BSP_SCHEDULE_DELAY\`). The collector is asked directly, never through \`HTTPS_PROXY\`.
`
}
