import { randomBytes } from 'node:crypto'
import { createPostern } from '@postern/client'
import { runAgent } from './agent.js'
import { openGateway } from './gateway.js'
import { drawTree } from './print-tree.js'

const gateway = await openGateway()
const workflow = `ticket-${randomBytes(2).toString('hex')}`

// Good for this run only: whatever a header says, these calls belong to it, and there are twelve at most.
const session = () => gateway.minter.mint({ user: 'support-agent', team: 'support', workflow, maxCalls: 12, ttl: '5m' })
const postern = createPostern({ url: gateway.url, token: async () => (await session()).token })

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

console.log(`Working on ${workflow} …\n`)
const [question = 'Where is my order A-17?'] = process.argv.slice(2)
const calls = []
try {
  const reply = await runAgent({ postern, workflow, question, signal: stop.signal, took: (call) => calls.push(call) })
  console.log(`The agent's last words: ${reply}\n`)
} catch (error) {
  if (!stop.signal.aborted) throw error
  console.log('Stopped.\n')
  process.exitCode = 130
} finally {
  console.log(drawTree(workflow, calls))
  await gateway.close()
}
