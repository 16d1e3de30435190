/** What the agent can do beside talking. */
const tools = {
  find_order: {
    description: 'Finds an order by its number.',
    parameters: { type: 'object', properties: { order: { type: 'string' } }, required: ['order'] },
    run: ({ order }) => ({ order, item: 'a brass door knocker', parcel: 'P-2207', paid: '48 EUR' }),
  },
  track_parcel: {
    description: 'Says where a parcel is.',
    parameters: { type: 'object', properties: { parcel: { type: 'string' } }, required: ['parcel'] },
    run: ({ parcel }) => ({ parcel, state: 'at the depot since Monday', late_days: 4 }),
  },
  refund_rule: {
    description: 'Says what is owed for a late parcel.',
    parameters: { type: 'object', properties: { late_days: { type: 'number' } }, required: ['late_days'] },
    run: ({ late_days: days }) => (days > 3 ? { owed: 'the shipping, 6 EUR' } : { owed: 'nothing' }),
  },
}

/** As the API wants them. */
export const toolList = Object.entries(tools).map(([name, { description, parameters }]) => ({
  type: 'function',
  function: { name, description, parameters },
}))

/** A call of a tool as a model makes it. */
export function toolCall(name, parameters) {
  return { id: `call_${name}`, type: 'function', function: { name, arguments: JSON.stringify(parameters) } }
}

export function runTool({ function: { name, arguments: given } }) {
  return tools[name].run(JSON.parse(given))
}
