/** Members of a refusal or a problem, and functions that make one: their texts are read by people and decide nothing. */
const members = ['fix', 'help', 'message', 'reason']
const makers = ['Error', 'TypeError', 'malformed', 'problem', 'report', 'warning']

function isMember(node) {
  return node.type === 'ObjectProperty' && members.includes(node.key.name)
}

/** @param path A node of Babel's syntax tree, with its parents. */
function isForPeople({ node, parent }) {
  if (isMember(node)) return true
  if (node.type === 'ObjectExpression') return node.properties.length > 0 && node.properties.every(isMember)
  if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return false
  return (parent?.type === 'CallExpression' || parent?.type === 'NewExpression') && makers.includes(parent.callee.name)
}

/** A plugin of Stryker's: no text for people is mutated. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'texts for people',
    value: { shouldIgnore: (path) => (isForPeople(path) ? 'a text for people' : undefined) },
  },
]
