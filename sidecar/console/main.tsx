import { render } from 'preact'
import { App } from './app.js'
import type { Operator } from './operator.js'
import { openSession, read } from './session.js'

const page = document.querySelector('#page') as HTMLElement

try {
  await openSession()
  const operator = await read<Operator>('/operator')
  page.replaceChildren()
  render(<App operator={operator} />, page)
} catch (error) {
  const text = document.createElement('p')
  text.className = 'whole-page'
  text.setAttribute('role', 'alert')
  text.textContent = (error as Error).message
  page.replaceChildren(text)
}
