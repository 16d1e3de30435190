import { useRef, useState } from 'react'
import { ask } from './ask.js'
import type { Turn } from './turn.js'

/** The conversation, one answer at a time. */
export function useChat() {
  const [turns, setTurns] = useState<readonly Turn[]>([])
  const running = useRef<AbortController>(undefined)

  async function send(prompt: string) {
    const turn: Turn = { id: turns.length, prompt, text: '', state: 'streaming' }
    const all = [...turns, turn]
    setTurns(all)
    running.current = new AbortController()
    await ask(all, running.current.signal, (change) =>
      setTurns((now) => now.map((one) => (one.id === turn.id ? { ...one, ...change } : one))),
    )
  }

  return { turns, send, cancel: () => running.current?.abort(), busy: turns.at(-1)?.state === 'streaming' }
}
