import { useId, useRef, useState } from 'preact/hooks'
import { change, Fault } from '../session.js'
import { Name } from './name.js'

interface ConfirmProps {
  /** The words on the button that opens the question. */
  readonly label: string
  /** The heading of the question, and what the change does. */
  readonly title: string
  readonly effect: string
  /** What has to be typed. */
  readonly alias: string
  /** The change, and what it names. */
  readonly path: string
  readonly named: Readonly<Record<string, string>>
  readonly done: string
  readonly onDone?: (answer: unknown) => void
}

/** A button that changes something, once its name was typed. The console compares what was typed as well. */
export function Confirm({ label, title, effect, alias, path, named, done, onDone }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [id, heading] = [useId(), useId()]
  const [typed, setTyped] = useState('')
  const [state, setState] = useState<'asking' | 'busy' | 'done' | Fault>('asking')

  async function make(event: Event): Promise<void> {
    event.preventDefault()
    if (typed !== alias || state === 'busy') return
    setState('busy')
    try {
      const answer = await change<unknown>(path, named, typed)
      setState('done')
      onDone?.(answer)
    } catch (error) {
      setState(error instanceof Fault ? error : new Fault('page_failed', String(error)))
    }
  }

  return (
    <>
      <button
        type="button"
        aria-label={`${label} ${alias}`}
        onClick={() => {
          setTyped('')
          setState('asking')
          dialog.current?.showModal()
        }}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={heading}>
        <form onSubmit={(event) => void make(event)}>
          <h2 id={heading}>{title}</h2>
          <p>{effect}</p>
          {state === 'done' ? (
            <p class="good" role="status">
              {done}
            </p>
          ) : (
            <label for={id}>
              <span>
                Type{' '}
                <b>
                  <Name of={alias} />
                </b>{' '}
                to confirm
              </span>
              <input
                id={id}
                value={typed}
                onInput={({ currentTarget }) => setTyped(currentTarget.value)}
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
              />
            </label>
          )}
          {state instanceof Fault ? (
            <p class="bad" role="alert">
              {state.message}
            </p>
          ) : undefined}
          {state === 'busy' ? <progress aria-label="Making the change" /> : undefined}
          <div class="actions">
            <button type="button" onClick={() => dialog.current?.close()}>
              {state === 'done' ? 'Close' : 'Cancel'}
            </button>
            {state === 'done' ? undefined : (
              <button type="submit" class="do harm" disabled={typed !== alias || state === 'busy'}>
                {label.replace(/ …$/, '')}
              </button>
            )}
          </div>
        </form>
      </dialog>
    </>
  )
}
