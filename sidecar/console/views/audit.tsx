import { Badge } from '../parts/badge.js'
import { Name } from '../parts/name.js'
import { utc } from '../parts/numbers.js'
import { Table } from '../parts/table.js'
import { Waiting } from '../parts/waiting.js'
import { read } from '../session.js'
import { useAnswers } from '../use-answers.js'

/** A line of the audit. */
interface Line {
  readonly time: string
  readonly who: string
  readonly what: string
  readonly result: string
  readonly [detail: string]: unknown
}

const tones: Readonly<Record<string, 'good' | 'warn' | 'bad' | 'plain'>> = {
  done: 'good',
  taken: 'good',
  refused: 'bad',
  failed: 'bad',
  unknown: 'warn',
}

/** Who changed what, the newest first. */
export function AuditView() {
  const { answers, ...waiting } = useAnswers<readonly [{ readonly lines: readonly Line[] }]>('audit', () => [
    read<{ readonly lines: readonly Line[] }>('/audit', { most: '300' }),
  ])
  return (
    <>
      <Waiting {...waiting} />
      {answers === undefined ? undefined : (
        <Table
          title="Changes"
          note="The last 300 lines at most. postern audit verify checks that no line was changed."
          empty="Nobody has changed anything yet."
          rows={answers[0].lines}
          keyOf={({ time }, index) => `${time} ${index}`}
          columns={[
            { head: 'Time (UTC)', cell: ({ time }) => <span class="time">{utc(time)}</span> },
            { head: 'Who', cell: ({ who }) => <Name of={who} /> },
            { head: 'What', cell: ({ what }) => <Name of={what.replaceAll('_', ' ')} /> },
            { head: 'Result', cell: ({ result }) => <Badge text={result} tone={tones[result] ?? 'plain'} /> },
            { head: 'About', isWide: true, cell: (line) => <Name of={aboutOf(line)} none="" /> },
          ]}
        />
      )}
    </>
  )
}

function aboutOf({ time: _time, who: _who, what: _what, result: _result, request_id: _id, ...details }: Line): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : (JSON.stringify(value) ?? '')}`)
    .join(', ')
    .slice(0, 300)
}
