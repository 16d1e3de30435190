import { useState } from 'react'
import type { Person } from './App.js'
import { Brand } from './Brand.js'
import { Composer } from './Composer.js'
import { Exchange } from './Exchange.js'
import { GovernancePanel } from './GovernancePanel.js'
import { useChat } from './use-chat.js'

export function Chat({ person }: { readonly person: Person }) {
  const { turns, send, cancel, busy } = useChat()
  const [chosen, setChosen] = useState<number>()
  const shown = turns.find(({ id }) => id === chosen) ?? turns.at(-1)

  return (
    <>
      <header>
        <Brand />
        <p>
          Signed in as <strong>{person.user}</strong>, team {person.team}. This page has a cookie and no key.
        </p>
      </header>
      <main>
        <section className="talk" aria-label="Conversation">
          <div className="log" role="log" aria-label="Messages" tabIndex={0}>
            {turns.length === 0 && (
              <div className="welcome">
                <h2>Ask something.</h2>
                <p>The answer streams through Postern, and what it cost stands beside it.</p>
              </div>
            )}
            {turns.map((turn) => (
              <Exchange key={turn.id} turn={turn} chosen={turn === shown} onChoose={() => setChosen(turn.id)} />
            ))}
          </div>
          <Composer
            busy={busy}
            onCancel={cancel}
            onSend={(prompt) => {
              setChosen(undefined)
              void send(prompt)
            }}
          />
        </section>
        <GovernancePanel turn={shown} />
      </main>
    </>
  )
}
