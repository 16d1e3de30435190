const find = (selector) => document.querySelector(selector)

const me = await (await fetch('/api/me')).json()
find('#name').textContent = me.name
find('#tenant').textContent = me.tenant
find('#tenant').dataset.tenant = me.tenant

find('#ask').addEventListener('submit', async (event) => {
  event.preventDefault()
  const question = find('#prompt').value
  find('#answers').prepend(describe(question, await ask(question)))
})

/** The cookie goes along by itself; which key pays is decided where the keys are. */
function ask(question) {
  const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: question }] })
  return fetch('/ai/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(
    async (answer) => ({ record: JSON.parse(answer.headers.get('postern-governance') ?? '{}'), ...(await answer.json()) }),
  )
}

function describe(question, { record, error, choices }) {
  return error === undefined
    ? fill('#paid', {
        question,
        text: choices[0].message.content,
        key: record.key,
        cost: amount(record.cost),
        model: record.model,
        left: record.budget_left === undefined ? 'no limit' : amount(record.budget_left),
      })
    : fill('#refused', {
        question,
        why: reasons[error.code]?.() ?? 'Refused.',
        text: error.message,
        code: error.code,
      })
}

const amount = ({ amount: many, unit }) => `${Number(many.toFixed(4))} ${unit}`

/** What the page says of a refusal, by its code. */
const reasons = {
  no_key_for_caller: () => `Nobody pays for ${me.tenant}.`,
  budget_exhausted: () => `The budget of ${me.name} for today is spent.`,
}

function fill(template, texts) {
  const card = find(template).content.cloneNode(true)
  for (const [name, text] of Object.entries(texts)) card.querySelector(`.${name}`).textContent = text
  return card
}
