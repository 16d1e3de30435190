import type { State, Turn } from './turn.js'

const labels: Record<State, string> = {
  streaming: 'Answering',
  complete: 'Complete',
  cancelled: 'Cancelled',
  broken: 'Broke off: this answer is not whole',
  refused: 'Refused',
}

interface ExchangeProps {
  readonly turn: Turn
  readonly chosen: boolean
  readonly onChoose: () => void
}

/** A question and what came of it. */
export function Exchange({ turn, chosen, onChoose }: ExchangeProps) {
  return (
    <article className="exchange">
      <p className="question">{turn.prompt}</p>
      <div className="answer" data-state={turn.state} data-code={turn.code}>
        {turn.text !== '' && <p className="text">{turn.text}</p>}
        <button type="button" className="state" aria-pressed={chosen} onClick={onChoose}>
          <strong>{labels[turn.state]}</strong>
          {turn.code !== undefined && <code>{turn.code}</code>}
          {turn.record?.model !== undefined && <span>{turn.record.model}</span>}
          {turn.record?.cost !== undefined && (
            <span>
              {turn.record.cost.amount} {turn.record.cost.unit}
            </span>
          )}
        </button>
        {turn.trouble !== undefined && <p className="trouble">{turn.trouble}</p>}
      </div>
    </article>
  )
}
