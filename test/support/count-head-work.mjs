// Counts, in a thread of its own, how many functions of Postern's packages run while a query or a list of cookies of an unknown client is read.
import { Session } from 'node:inspector'
import { parentPort, workerData } from 'node:worker_threads'

const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { readCredential } = await import('../../packages/identity/dist/read-credential.js')

/** How often functions of Postern's own packages were called since this was asked last, as V8 counts it. */
function countCalls() {
  let calls = 0
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    for (const { url, functions } of result)
      if (/\/packages\/[a-z]+\/(?:src|dist)\//.test(url)) for (const { ranges } of functions) calls += ranges[0].count
  })
  return calls
}

function callsFor({ query = '', cookie }) {
  const headers = cookie === undefined ? {} : { cookie }
  const rawHeaders = Object.entries(headers).flat()
  countCalls()
  let code
  try {
    readCredential({ path: '/v1/models', query, headers, rawHeaders })
  } catch (error) {
    code = error.code
  }
  return { calls: countCalls(), code }
}

callsFor({ query: '?a=1' })
parentPort.postMessage(workerData.map(callsFor), [])
