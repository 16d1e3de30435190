import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const command = join(import.meta.dirname, '../soak/dist/soak/main.js')

test('ten minutes of mixed traffic leave memory, handles, sockets and listeners flat', { timeout: 900_000 }, async () => {
  const { code, printed } = await new Promise<{ readonly code: number; readonly printed: string }>((done) => {
    execFile(process.execPath, [command, '--minutes', '10'], { maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, printed: `${stderr}\n${stdout}` }),
    )
  })
  console.info(printed)
  expect([code, code === 0 ? '' : printed.slice(-2000)]).toEqual([0, ''])
})
