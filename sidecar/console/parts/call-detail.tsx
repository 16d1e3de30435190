import { type Call, durationOf, endingOf, meaningOf, sessionOf } from '../call.js'
import { hrefOf } from '../route.js'
import { Badge } from './badge.js'
import { EndSessions } from './end-sessions.js'
import { Facts } from './facts.js'
import { Name } from './name.js'
import { count, duration, utc } from './numbers.js'

/** One call with all that the ledger has of it, and what its error code means. */
export function CallDetail({ call, mayEnd }: { readonly call: Call; readonly mayEnd: boolean }) {
  const { code, earlier, cost, workflow } = call
  const took = durationOf(call)
  const estimated = call.estimated === true ? ', estimated' : ''
  const meaning = code === undefined ? undefined : meaningOf(code)
  const session = sessionOf(call.caller)
  return (
    <section class="card" aria-label="One call">
      <header class="card-head">
        <h2 class="code">{call.request_id}</h2>
        <Badge {...endingOf(call)} />
      </header>
      {code === undefined ? undefined : (
        <div class="reason">
          <p>
            <b>
              {call.status} {code}
            </b>
            : {meaning?.title ?? 'The gateway’s own words; the log line with this request id has them.'}
          </p>
          {meaning === undefined ? undefined : <p>{meaning.help}</p>}
        </div>
      )}
      <Facts
        facts={[
          ['Began (UTC)', utc(call.start)],
          ['Took', took === undefined ? 'not known: its process died' : duration(took)],
          ['Request', call.method === undefined ? undefined : <Name of={`${call.method} ${call.path ?? ''}`} />],
          ['Status', String(call.status)],
          ['Team', call.team === undefined ? undefined : <a href={hrefOf('tenants', { team: call.team })}>{call.team}</a>],
          ['User', call.user === undefined ? undefined : <Name of={call.user} />],
          ['Project', call.project === undefined ? undefined : <Name of={call.project} />],
          ['Credential', call.caller === undefined ? undefined : <Name of={`${call.via ?? ''} ${call.caller}`} />],
          ['Key', <Name key="key" of={call.key} none="none was chosen" />],
          ['Gateway', call.gateway === undefined ? undefined : <Name of={call.gateway} />],
          ['Model', call.model === undefined ? undefined : <Name of={call.model} />],
          ['Workflow', workflow === undefined ? undefined : <a href={hrefOf('workflows', { id: workflow })}>{workflow}</a>],
          ['Step', call.step === undefined ? undefined : <Name of={call.step} />],
          [
            'Tokens',
            call.input === undefined && call.output === undefined
              ? undefined
              : `${count(call.input ?? 0)} in, ${count(call.output ?? 0)} out${estimated}`,
          ],
          ['Cost', cost === undefined ? undefined : `${cost.amount} ${cost.unit}${estimated}`],
          ['Tried before', earlier.map(({ attempt, code: failed }) => `${attempt}: ${failed}`).join(', ')],
        ]}
      />
      {session === undefined || !mayEnd ? undefined : (
        <div class="actions">
          <EndSessions kind="id" name={session} />
          {call.user === undefined ? undefined : <EndSessions kind="user" name={call.user} />}
        </div>
      )}
    </section>
  )
}
