import { ask } from './ask.js'
import { addTurn } from './conversation.js'
import { element } from './element.js'
import { showGovernance, showNoGovernance } from './governance-panel.js'
import { secondsLeft } from './session.js'

const composer = document.querySelector('#composer')
const prompt = document.querySelector('#prompt')
const send = document.querySelector('#send')
const cancel = document.querySelector('#cancel')
const chips = [...document.querySelectorAll('.chip')]

const turns = []
let people = []
let selected
/** @type {AbortController | undefined} */
let running

async function start() {
  showNoGovernance()
  try {
    const response = await fetch('demo/people.json')
    people = response.ok ? await response.json() : []
  } catch {
    people = []
  }
  document.querySelector('#people-options').replaceChildren(...people.map(personOption))
  showPerson()
  setBusy(false)
  setInterval(showSession, 1000)
}

function personOption({ id, name }, index) {
  const input = element('input', { type: 'radio', name: 'person', value: id, class: 'unseen' })
  input.checked = index === 0
  input.addEventListener('change', showPerson)
  return element('label', { class: 'segment', 'data-person': id }, input, element('span', {}, name))
}

function chosenPerson() {
  const id = document.querySelector('input[name="person"]:checked')?.value
  return people.find((person) => person.id === id)
}

function showPerson() {
  const person = chosenPerson()
  document.querySelector('#person-note').textContent =
    person === undefined
      ? 'The list of people cannot be loaded. Reload the page to try again.'
      : `${person.name}, team ${person.team}, ${person.note}.`
  showSession()
}

function showSession() {
  const person = chosenPerson()
  if (person === undefined) return
  const left = secondsLeft(person.id)
  document.querySelector('#session').textContent =
    left === undefined
      ? `The first message fetches ${person.name}’s session token.`
      : left === 0
        ? 'Session token expired. The next message renews it.'
        : `Session token, not a gateway key: ${clock(left)} left.`
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

async function submit(text) {
  const person = chosenPerson()
  if (running !== undefined || person === undefined || text.trim() === '') return
  const turn = { number: turns.length + 1, person, prompt: text, answer: '', record: {}, state: 'waiting' }
  const messages = [...conversationOf(person), { role: 'user', content: text }]
  turns.push(turn)
  turn.view = addTurn(turn, (byHand) => select(turn, byHand))
  select(turn)
  running = new AbortController()
  setBusy(true)

  const outcome = await ask(
    { person: person.id, turn: turn.number, messages, signal: running.signal },
    {
      onBegin(record) {
        update(turn, record, 'streaming')
        turn.view.begin()
        turn.view.mark(turn === selected)
      },
      onText: (piece) => turn.view.write(piece),
    },
  )
  if (outcome.kind === 'answer') {
    turn.answer = outcome.text
    turn.view.end(outcome)
  } else {
    turn.view.refuse(outcome)
  }
  turn.view.mark(turn === selected)
  update(turn, outcome.record, 'settled')
  running = undefined
  setBusy(false)
  showSession()
}

/** What was said so far with the key of this person. What others said stays theirs, and what got no answer is left out. */
function conversationOf(person) {
  return turns
    .filter((turn) => turn.person === person && turn.answer !== '')
    .flatMap((turn) => [
      { role: 'user', content: turn.prompt },
      { role: 'assistant', content: turn.answer },
    ])
}

function update(turn, record, state) {
  turn.record = record
  turn.state = state
  if (turn === selected) showGovernance(turn)
}

function select(turn, byHand = false) {
  selected?.view.mark(false)
  selected = turn
  turn.view.mark(true)
  showGovernance(turn)
  if (byHand) document.querySelector('#governance').scrollIntoView({ block: 'nearest' })
}

function setBusy(busy) {
  const cancelHadFocus = document.activeElement === cancel
  send.hidden = busy
  cancel.hidden = !busy
  for (const chip of chips) chip.disabled = busy
  if (cancelHadFocus && !busy) prompt.focus()
}

composer.addEventListener('submit', (event) => {
  event.preventDefault()
  prompt.focus()
  if (running !== undefined || chosenPerson() === undefined) return
  const text = prompt.value
  prompt.value = ''
  void submit(text)
})

prompt.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  composer.requestSubmit()
})

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') running?.abort()
})

cancel.addEventListener('click', () => running?.abort())

for (const chip of chips) {
  chip.addEventListener('click', () => {
    prompt.focus({ preventScroll: true })
    void submit(chip.dataset.prompt)
  })
}

void start()
