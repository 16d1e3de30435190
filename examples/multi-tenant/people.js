import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'

/** Who may sign in, and for which tenant; a real application has a database for this. */
const people = new Map(
  [
    { user: 'ada', name: 'Ada', tenant: 'acme', password: 'ada-opens-the-gate' },
    { user: 'gus', name: 'Gus', tenant: 'globex', password: 'gus-opens-the-gate' },
    { user: 'uma', name: 'Uma', tenant: 'umbrella', password: 'uma-opens-the-gate' },
  ].map(({ password, ...person }) => {
    const salt = randomBytes(16)
    return [person.user, { person, salt, hash: scryptSync(password, salt, 32) }]
  }),
)

/** The person whose password this is. */
export function checkPassword(user, password) {
  const known = people.get(user)
  if (known === undefined || !timingSafeEqual(scryptSync(password, known.salt, 32), known.hash)) return undefined
  return known.person
}
