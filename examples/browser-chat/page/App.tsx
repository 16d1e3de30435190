import { useEffect, useState } from 'react'
import { Chat } from './Chat.js'
import { SignIn } from './SignIn.js'

export interface Person {
  readonly user: string
  readonly team: string
}

/** Whoever the backend's cookie says; the page itself never sees the cookie. */
export function App() {
  const [person, setPerson] = useState<Person | null>()
  useEffect(() => {
    void fetch('/api/me').then(async (answer) => setPerson(answer.ok ? ((await answer.json()) as Person) : null))
  }, [])
  if (person === undefined) return null
  return person === null ? <SignIn onSignedIn={setPerson} /> : <Chat person={person} />
}
