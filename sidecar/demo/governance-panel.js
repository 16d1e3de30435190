import { element } from './element.js'
import { describeFinish } from './finish.js'
import { costText, millisecondsText, tokenDetails, tokensText } from './record-text.js'
import { requestIdNodes } from './request-id.js'

const panel = document.querySelector('#governance')
const list = panel.querySelector('#record')
const raw = panel.querySelector('#record-raw')
const longestName = 12

/** What the drawing says, by how the request ended. */
const captions = {
  idle: 'The key stays to the right of the door.',
  busy: 'Postern added the key. The answer is coming.',
  complete: 'Postern added the key. The browser never saw it.',
  refused: 'Stopped at the door. The gateway heard nothing.',
  upstream_error: 'Let through. The gateway refused or failed.',
  truncated: 'The answer broke off on its way back.',
  client_closed: 'You left, so Postern let go of the gateway.',
  cut_shutdown: 'Postern cut the answer: it was shut down.',
  cut_budget: 'Postern cut the answer: the budget was spent.',
  failed: 'No answer came from Postern.',
}

/**
 * Shows one request in the panel: the drawing, the record as a list, and the record as JSON.
 *
 * @param {{ number: number, person: { name: string }, record: Record<string, any>, state: 'waiting' | 'streaming' | 'settled' }} turn
 */
export function showGovernance({ number, person, record, state }) {
  const known = Object.keys(record).length > 0
  const drawn = state === 'settled' ? (record.finish ?? 'failed') : 'busy'
  panel.dataset.state = drawn
  panel.querySelector('#governance-turn').textContent = `Turn ${number}, ${person.name}`
  panel.querySelector('#route-caption').textContent = state === 'waiting' ? 'On its way.' : (captions[drawn] ?? captions.idle)
  panel.querySelector('#route-key').textContent = shorten(record.key ?? (drawn === 'refused' ? 'no key' : 'key'))
  panel.querySelector('#route-gateway').textContent = shorten(record.gateway ?? 'Gateway')
  panel.querySelector('#record-empty').hidden = true
  list.replaceChildren(...rowsOf(record, state))
  raw.hidden = !known
  raw.querySelector('pre').textContent = JSON.stringify(record, undefined, 2)
}

/** Shows the panel as it is before the first question. */
export function showNoGovernance() {
  panel.querySelector('#route-caption').textContent = captions.idle
}

function rowsOf(record, state) {
  const { label, tone } = describeFinish(state === 'settled' ? (record.finish ?? 'none') : undefined)
  const mark = element('span', { class: 'mark', 'data-tone': tone }, state === 'waiting' ? 'Waiting' : label)
  return [
    row('Finish', 'finish', mark, { value: record.finish }),
    row('Key', 'key', record.key, { big: true }),
    row('Cost', 'cost', costText(record.cost), { big: true }),
    row('Tokens', 'usage', tokensText(record.usage) ?? tokenDetails(record.usage), {
      note: tokensText(record.usage) && tokenDetails(record.usage),
    }),
    row('Model', 'model', record.model),
    row('Asked for', 'model_requested', record.model_requested),
    row('Provider', 'provider', record.provider),
    row('Failover', 'failover', record.failover === undefined ? undefined : record.failover ? 'Yes, another one served' : 'No'),
    row('Tier', 'tier', record.tier),
    row('Gateway', 'gateway', record.gateway),
    row('Budget left', 'budget_left', record.budget_left === undefined ? undefined : String(record.budget_left)),
    row('In Postern', 'overhead_ms', millisecondsText(record.overhead_ms)),
    record.request_id === undefined ? undefined : requestIdRow(record.request_id),
  ].filter((made) => made !== undefined)
}

function row(name, field, content, { big = false, note, value } = {}) {
  if (content === undefined) return undefined
  return element(
    'div',
    { class: big ? 'row row-big' : 'row' },
    element('dt', {}, name),
    element('dd', { 'data-field': field, 'data-value': value }, content),
    note ? element('dd', { class: 'row-note', 'data-note': field }, note) : undefined,
  )
}

function requestIdRow(id) {
  const value = element('dd', { 'data-field': 'request_id', class: 'request-id' }, ...requestIdNodes(id))
  return element('div', { class: 'row row-id' }, element('dt', {}, 'Request id'), value, copyButton(id))
}

/** Only where the browser lets a page write to the clipboard. */
function copyButton(text) {
  if (navigator.clipboard === undefined) return undefined
  const button = element('button', { type: 'button', class: 'copy' }, 'Copy')
  button.setAttribute('aria-label', 'Copy the request id')
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
    button.textContent = copied ? 'Copied' : 'Not copied'
  })
  return element('dd', { class: 'row-copy' }, button)
}

function shorten(name) {
  return name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name
}
