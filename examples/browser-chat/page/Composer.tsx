import { type FormEvent, useState } from 'react'

interface ComposerProps {
  readonly busy: boolean
  readonly onSend: (prompt: string) => void
  readonly onCancel: () => void
}

/** The emulated gateway repeats what it is told, and does what it is told to emulate. */
const suggestions = [
  { title: 'What is a postern?', prompt: 'A postern is the small private door in a castle wall, beside the great gate. Who has the key?' },
  { title: 'A slow answer', prompt: 'emulate: slow-stream' },
  { title: 'An answer that breaks off', prompt: 'emulate: cut-stream and tell me who built the castle, and how long it took them' },
  { title: 'A refusal', prompt: 'emulate: policy_rejected, as a gateway does that may not answer this' },
]

export function Composer({ busy, onSend, onCancel }: ComposerProps) {
  const [prompt, setPrompt] = useState('')

  function send(text: string) {
    if (busy || text.trim() === '') return
    onSend(text.trim())
    setPrompt('')
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    send(prompt)
  }

  return (
    <form className="composer" onSubmit={submit}>
      <div className="suggestions">
        {suggestions.map((one) => (
          <button key={one.title} type="button" disabled={busy} title={one.prompt} onClick={() => send(one.prompt)}>
            {one.title}
          </button>
        ))}
      </div>
      <div className="entry">
        <input aria-label="Message" placeholder="Message" value={prompt} onChange={(event) => setPrompt(event.target.value)} />
        {busy ? (
          <button type="button" className="action quiet" onClick={onCancel}>
            Cancel
          </button>
        ) : (
          <button type="submit" className="action">
            Send
          </button>
        )}
      </div>
    </form>
  )
}
