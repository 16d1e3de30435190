import { runTool, toolCall, toolList } from './tools.js'

/** Five steps to answer a customer; each that needs a tool asks the model again with what the tool said. */
const planFor = (question) => [
  { name: 'understand', asks: question },
  { name: 'order', asks: 'Find order A-17.', needs: toolCall('find_order', { order: 'A-17' }) },
  { name: 'parcel', asks: 'Find out where parcel P-2207 is.', needs: toolCall('track_parcel', { parcel: 'P-2207' }) },
  { name: 'refund', asks: 'The parcel is 4 days late. What is owed?', needs: toolCall('refund_rule', { late_days: 4 }) },
  { name: 'reply', asks: 'Write the answer to the customer, with an apology and what is owed.' },
]

/**
 * Runs the plan under one workflow id.
 *
 * @param took Gets each call as it ends: its step, its parent, its record and its time.
 */
export async function runAgent({ postern, workflow, question, signal, took }) {
  const run = postern.workflow(workflow)
  const messages = [{ role: 'system', content: 'You answer customers of a shop for old doors.' }]
  for (const { name, asks, needs } of planFor(question)) {
    const step = run.step(name)
    messages.push({ role: 'user', content: asks })
    const { content, tool_calls: wanted } = await call(step, { messages, tools: toolList })
    // A model that calls tools is obeyed. The emulated one only repeats what it is told; then the plan knows what is needed.
    const calls = wanted ?? (needs === undefined ? [] : [needs])
    if (calls.length === 0) {
      messages.push({ role: 'assistant', content })
      continue
    }
    const results = calls.map((one) => ({ role: 'tool', tool_call_id: one.id, content: JSON.stringify(runTool(one)) }))
    messages.push({ role: 'assistant', content, tool_calls: calls }, ...results)
    const answer = await call(step.step(`${name}-answer`), { messages }, calls)
    messages.push({ role: 'assistant', content: answer.content })
  }
  return messages.at(-1).content

  async function call(step, request, tools = []) {
    const from = performance.now()
    const answer = await step.openai().chat.completions.create({ model: 'auto', ...request }, { signal })
    const { step: name, parent } = step.tags
    took({ name, parent, tools: tools.map((one) => one.function.name), record: postern.governance(answer), ms: performance.now() - from })
    return answer.choices[0].message
  }
}
