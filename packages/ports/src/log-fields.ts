import type { LedgerEntry, PreflightRefused, SessionEnded } from './ledger.js'

/** A meaning for each fact of a line. */
type Fields<Fact> = Readonly<Record<Exclude<keyof Fact, 'event' | 'time'> & string, string>>

/** Of a call. */
export const request: Fields<LedgerEntry> = {
  request_id: 'the id of the last attempt, as `X-Request-ID` told it to client and gateway',
  attempt: 'attempts at the gateway; 0 if nothing was sent',
  workflow: 'the workflow that the call is of',
  workflow_verified: 'true if the session names it, and not only a header',
  step: 'its step',
  parent_step: 'the step that began that step',
  gateway: 'the gateway, by its name in the configuration',
  key: 'the alias of the key',
  binding: 'the binding that chose the key, such as `team=acme`',
  via: 'the kind of credential, as under `callers`',
  caller: "the credential's name: a label, or a token's id",
  user: 'the user that was verified',
  team: 'the team',
  project: 'the project',
  method: 'of the request',
  path: 'below the mount, without the query',
  status: 'what the client got; 499 if it left before the head was sent; 0 if its process died (`interrupted`)',
  code: 'of [errors.md](errors.md), if the call ended with an error',
  leaked_key: "the alias of a key that the gateway's answer held; the client did not get it, and the line is an error",
  finish: 'how the call ended; only `complete` is whole. `interrupted`: its process died, which the line tells afterwards',
  ended_without_mark: 'true if a stream was whole without its end mark',
  model_requested: 'the model that the request names',
  model: 'the model that answered',
  provider: 'the provider that answered',
  failover: 'true if the gateway took another than it would have first',
  tier: 'the tier, as the gateway calls it',
  usage: 'tokens: `input`, `output`, of these `cached` and `reasoning`, `total`; `source`: where they come from',
  cost: '`amount` and `unit`, as the gateway reported it',
  estimated:
    'what the gateway did not report, as limits booked it or by the price file: `input`, `output`, `cost`; counts in place of reports',
  booked: 'where the amount comes from that limits counted: `reported`, `priced`, `assumed`, `measured`',
  budget_left: 'what is left of the limit with the smallest share left: `amount`, `unit`, `rule`',
  clamped: 'the `ceiling` that Postern wrote into the request, and what was `asked`',
  quota: 'what the gateway says of its plan: `used`, `limit`, `unit`',
  intensity: "the gateway's own word for how much it spent on the call",
  gateway_request_id: "the gateway's own id",
  gateway_ms: 'what the gateway says that it took, in milliseconds',
  retry_after: 'seconds that the gateway asks to wait',
  overhead_ms: 'what Postern took itself, in milliseconds',
  duration_ms: 'from the arrival to the end, in milliseconds',
  client_request_id: "the caller's own `X-Request-ID`",
  trace_id: 'the trace, of `traceparent`',
  former_credential: 'true if the caller used a former credential, which ends by itself (`postern callers rotate`)',
  own: 'true if Postern itself was asked: for a session, for limits, or at the admin listener; such a request is no call',
  joined: 'of a call that got the answer of another one with the same `Idempotency-Key`: the id of that one',
  earlier: 'failed attempts before the last one: `attempt`, `code`, `cause`',
  refused: 'the host or origin that was refused, at most 200 characters',
  address: "the client's address, of a refused call alone, as trusted proxies tell it",
  cause: 'the underlying error, or why a credential was refused; at most 2,000 characters',
}

/** Of sessions that were ended. */
export const sessionEnded: Fields<SessionEnded> = {
  kind: 'what `name` names: one `session`, or the `user` or `team` whose sessions ended',
  name: 'its name',
  via: 'what ended them: `session`, `admin` or `command`',
  by: "the credential's name, `admin`, or the user of the operating system",
  user: 'of the session that asked for it',
  team: 'of the session that asked for it',
  request_id: 'of the request that asked for it',
}

/** Of a page that asked whether it may call. */
export const preflight: Fields<PreflightRefused> = { origin: 'of the page; at most 200 characters' }
