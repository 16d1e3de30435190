// A server that a test can kill, or stop with a signal: it answers each path with the JSON that `ANSWERS` has for it.
import { createServer } from 'node:http'

const answers = JSON.parse(process.env.ANSWERS)
createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[request.url] ?? {}))
  })
}).listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('listening'))
