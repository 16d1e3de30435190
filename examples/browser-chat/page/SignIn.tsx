import { type FormEvent, useState } from 'react'
import type { Person } from './App.js'
import { Brand } from './Brand.js'

/** The backend's own login, which sets its own cookie; nothing here knows of Postern. */
export function SignIn({ onSignedIn }: { readonly onSignedIn: (person: Person) => void }) {
  const [user, setUser] = useState('Ada')

  async function signIn(event: FormEvent) {
    event.preventDefault()
    const body = JSON.stringify({ user })
    const answer = await fetch('/api/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (answer.ok) onSignedIn((await answer.json()) as Person)
  }

  return (
    <form className="sign-in" onSubmit={(event) => void signIn(event)}>
      <Brand />
      <p>Any name will do. The backend gives this page a cookie, and that is all the page ever has.</p>
      <label>
        Name
        <input value={user} maxLength={40} required onChange={(event) => setUser(event.target.value)} />
      </label>
      <button type="submit" className="action">
        Sign in
      </button>
    </form>
  )
}
