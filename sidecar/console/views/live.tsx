import { sessionOf } from '../call.js'
import type { ViewProps } from '../operator.js'
import { Badge } from '../parts/badge.js'
import { EndSessions } from '../parts/end-sessions.js'
import { Name } from '../parts/name.js'
import { count, duration } from '../parts/numbers.js'
import { Table } from '../parts/table.js'
import { Waiting } from '../parts/waiting.js'
import { hrefOf } from '../route.js'
import { read } from '../session.js'
import { useAnswers } from '../use-answers.js'

/** A call under way, as the admin listener tells it. */
interface LiveCall {
  readonly request_id?: string
  readonly path: string
  readonly stage: 'checking' | 'waiting' | 'sent' | 'streaming'
  readonly age_ms: number
  readonly attempt: number
  readonly caller?: string
  readonly session?: string
  readonly user?: string
  readonly team?: string
  readonly key?: string
  readonly model?: string
  readonly workflow?: string
}

const stages = {
  checking: ['being checked', 'plain'],
  waiting: ['waits for its turn', 'warn'],
  sent: ['at the gateway', 'plain'],
  streaming: ['streaming', 'good'],
} as const

/** The calls that are under way in the process that was asked, looked at every two seconds. */
export function Live({ operator }: ViewProps) {
  const { answers, fault, again } = useAnswers<readonly [{ readonly calls: readonly LiveCall[]; readonly total: number }]>(
    'live',
    () => [read<{ readonly calls: readonly LiveCall[]; readonly total: number }>('/calls/live', { most: '200' })],
    2000,
  )
  const mayEnd = operator.roles.includes('sessions')
  return (
    <>
      {/* No bar: it would come and go every two seconds. */}
      <Waiting fault={fault} progress={answers === undefined ? { done: 0, of: 1 } : undefined} again={again} />
      {answers === undefined ? undefined : (
        <Table
          title={`${count(answers[0].total)} ${answers[0].total === 1 ? 'call' : 'calls'} under way`}
          note="Of the process that answers at the admin listener, looked at every two seconds; the oldest first."
          empty="No call is under way. One that begins appears here by itself."
          rows={answers[0].calls}
          keyOf={({ request_id: id }, index) => id ?? String(index)}
          columns={[
            { head: 'For', isNumber: true, cell: ({ age_ms: ms }) => duration(ms) },
            { head: 'State', cell: ({ stage }) => <Badge text={stages[stage][0]} tone={stages[stage][1]} /> },
            {
              head: 'Team',
              cell: ({ team }) =>
                team === undefined ? <Name of={team} none="not known yet" /> : <a href={hrefOf('tenants', { team })}>{team}</a>,
            },
            { head: 'User', cell: ({ user }) => <Name of={user} none="no user" /> },
            { head: 'Model', isWide: true, cell: ({ model }) => <Name of={model} none="not named" /> },
            { head: 'Key', isWide: true, cell: ({ key }) => <Name of={key} none="not chosen yet" /> },
            { head: 'Try', isNumber: true, isWide: true, cell: ({ attempt }) => attempt },
            {
              head: 'Session',
              cell: ({ session, caller }) => {
                const id = session ?? sessionOf(caller)
                if (id === undefined) return <span class="none">none</span>
                return mayEnd ? <EndSessions kind="id" name={id} /> : <Name of={id} />
              },
            },
          ]}
        />
      )}
    </>
  )
}
