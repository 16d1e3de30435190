/** A run as a tree: who answered each step, what it took, and under which request id the gateway's logs have it. */
export function drawTree(workflow, calls) {
  const rows = branches(calls, undefined, '')
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map(([title, model, tokens, cost, ms, id]) =>
    [
      title.padEnd(widths[0]),
      model.padEnd(widths[1]),
      tokens.padStart(widths[2]),
      cost.padStart(widths[3]),
      ms.padStart(widths[4]),
      id,
    ].join('  '),
  )
  return [`${workflow}: ${summary(calls)}`, ...lines].join('\n')
}

function summary(calls) {
  if (calls.length === 0) return 'no call ended'
  const sum = (pick) => calls.reduce((total, call) => total + pick(call), 0)
  const [{ record }] = calls
  const spent = `${round(sum((call) => call.record.cost.amount))} ${record.cost.unit}`
  return `${calls.length} calls, ${sum(tokensOf)} tokens, ${spent}, ${Math.round(sum(({ ms }) => ms))} ms, paid by ${record.key}`
}

function branches(calls, parent, indent) {
  const own = calls.filter((call) => call.parent === parent)
  return own.flatMap((call, index) => {
    const isLast = index === own.length - 1
    return [rowOf(call, `${indent}${isLast ? '└─' : '├─'} `), ...branches(calls, call.name, `${indent}${isLast ? '   ' : '│  '}`)]
  })
}

function rowOf({ name, tools, record, ms }, indent) {
  const after = tools.length === 0 ? '' : ` after ${tools.join(', ')}`
  const cost = `${round(record.cost.amount)} ${record.cost.unit}`
  return [`${indent}${name}${after}`, record.model, `${tokensOf({ record })} tokens`, cost, `${Math.round(ms)} ms`, record.request_id]
}

function tokensOf({ record: { usage } }) {
  return (usage?.input ?? 0) + (usage?.output ?? 0)
}

function round(amount) {
  return Number(amount.toFixed(4))
}
