import type { Answers } from '../use-answers.js'

/** Says that answers are awaited, with a bar; or what went wrong, with a button that asks again. It appears only after a moment. */
export function Waiting({ fault, progress, again }: Pick<Answers<readonly unknown[]>, 'fault' | 'progress' | 'again'>) {
  return (
    <>
      <div class="progress" role="status" aria-live="polite">
        {progress === undefined ? undefined : (
          <progress max={progress.of} value={progress.of === 1 ? undefined : progress.done} aria-label="Reading" />
        )}
      </div>
      {fault === undefined ? undefined : (
        <div class="fault" role="alert">
          <p>{fault.message}</p>
          <button type="button" onClick={again}>
            Try again
          </button>
        </div>
      )}
    </>
  )
}
