import { element } from './element.js'
import { describeFinish } from './finish.js'
import { costText, tokensText } from './record-text.js'
import { requestIdNodes } from './request-id.js'

const log = document.querySelector('#log')
const nearEnd = 80

const refusers = { postern: 'Refused by Postern', gateway: 'Refused by the gateway', page: 'No answer' }

/**
 * Adds a question to the conversation and a place for what comes of it.
 *
 * @param {{ person: { name: string, team: string }, prompt: string }} turn
 * @param {(byHand: boolean) => void} onSelect
 */
export function addTurn({ person, prompt }, onSelect) {
  document.querySelector('#welcome')?.remove()
  const waiting = element(
    'div',
    { class: 'waiting', 'data-role': 'waiting' },
    element('span', { class: 'unseen' }, 'Waiting for the answer'),
  )
  const text = element('p', { class: 'answer-text' })
  const words = text.appendChild(document.createTextNode(''))
  const foot = element('div', { class: 'answer-foot' })
  let shown = waiting

  log.append(
    element(
      'article',
      { class: 'question', 'data-role': 'question' },
      element('p', { class: 'speaker' }, person.name, element('span', { class: 'team' }, person.team)),
      element('p', { class: 'question-text' }, prompt),
    ),
    waiting,
  )
  log.lastElementChild.scrollIntoView({ block: 'nearest' })

  function replace(next) {
    keepEndInView(() => {
      shown.replaceWith(next)
      shown = next
    })
  }

  function selectButton(content) {
    const button = element(
      'button',
      { type: 'button', class: 'facts', 'aria-pressed': 'false', title: 'Show the governance record' },
      ...content,
    )
    button.addEventListener('click', () => onSelect(true))
    return button
  }

  return {
    /** The answer begins. */
    begin() {
      replace(
        element(
          'article',
          { class: 'answer', 'data-role': 'answer', 'aria-busy': 'true', 'aria-label': `Answer to ${person.name}` },
          text,
          foot,
        ),
      )
    },
    /** @param {string} piece */
    write(piece) {
      keepEndInView(() => words.appendData(piece))
    },
    /** @param {import('./ask.js').Answer} answer */
    end({ record, failure, text: whole }) {
      if (shown === waiting) this.begin()
      shown.setAttribute('aria-busy', 'false')
      shown.dataset.finish = String(record.finish)
      if (whole === '') text.remove()
      keepEndInView(() => {
        if (failure !== undefined) foot.before(element('p', { class: 'failure' }, `The gateway failed: ${failure}`))
        foot.replaceChildren(selectButton(factsOf(record)))
      })
    },
    /** @param {import('./ask.js').Refusal} refusal */
    refuse({ by, status, code, message, record }) {
      const id = record.request_id
      const card = element('article', {
        class: 'refusal',
        'data-role': 'refusal',
        'data-code': code,
        'data-by': by,
        'data-finish': record.finish,
        'data-status': status === undefined ? undefined : String(status),
      })
      replace(card)
      card.append(
        element(
          'p',
          { class: 'refusal-by' },
          refusers[by],
          status === undefined ? '' : element('span', { class: 'refusal-status' }, String(status)),
        ),
        element('h3', { class: 'refusal-code' }, code),
        element('p', { class: 'refusal-message' }, message),
      )
      if (id !== undefined)
        card.append(
          element(
            'p',
            { class: 'refusal-id' },
            element('span', { class: 'unseen' }, 'Request id '),
            element('code', {}, ...requestIdNodes(id)),
          ),
        )
      if (Object.keys(record).length > 0)
        card.append(element('div', { class: 'refusal-foot' }, rawRecord(record), selectButton(['Show in the panel'])))
      card.scrollIntoView({ block: 'nearest' })
    },
    /** @param {boolean} selected */
    mark(selected) {
      shown.toggleAttribute('data-selected', selected)
      shown.querySelector('.facts')?.setAttribute('aria-pressed', String(selected))
    },
  }
}

/** How an answer ended, and by whom and for how much it was made. */
function factsOf(record) {
  const { label, tone } = describeFinish(record.finish)
  const facts = [record.model, tokensText(record.usage), costText(record.cost)].filter((fact) => fact !== undefined)
  return [element('span', { class: 'mark', 'data-tone': tone }, label), ...facts.map((fact) => element('span', { class: 'fact' }, fact))]
}

function rawRecord(record) {
  const json = element('pre', { tabindex: '0', 'aria-label': 'Governance record as JSON' }, JSON.stringify(record, undefined, 2))
  return element('details', { class: 'raw' }, element('summary', {}, 'Governance record'), json)
}

/** Follows the end of the conversation, unless the reader has scrolled away from it. */
function keepEndInView(change) {
  const scroller = log.scrollHeight > log.clientHeight + 1 ? log : document.documentElement
  const atEnd = scroller === log ? log.scrollHeight - log.scrollTop - log.clientHeight < nearEnd : endOfLogInView()
  change()
  if (!atEnd) return
  if (scroller === log) log.scrollTop = log.scrollHeight
  else log.lastElementChild?.scrollIntoView({ block: 'nearest' })
}

function endOfLogInView() {
  return log.getBoundingClientRect().bottom < window.innerHeight + nearEnd
}
