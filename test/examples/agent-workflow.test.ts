import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { findProgram } from '../support/programs.js'
import { takePicture, wanted } from './pictures.js'
import { runExample } from './run-example.js'

const executablePath = findProgram('chromium')
const readme = readFileSync(resolve(import.meta.dirname, '../../examples/agent-workflow/README.md'), 'utf8')

/** What the agent said. */
function told(text: string): string {
  return (/^The agent's last words[^`]*/m.exec(text)?.[0] ?? '').trim()
}

/** The same, with whatever varies from run to run only named. */
function settled(text: string): string {
  return told(text)
    .replaceAll(/ticket-[0-9a-f]{4}/g, 'RUN')
    .replaceAll(/[0-9A-Z]{26}/g, 'ULID')
    .replaceAll(/\d+ ms/g, 'N ms')
    .replaceAll(/ +/g, ' ')
}

describe('the agent', () => {
  test('prints its run as a tree of steps, each with its request id, model, tokens, cost and time, as its README shows', async () => {
    const printed = await runExample('agent-workflow').finished
    const [summary, ...rows] = settled(printed).split('\n').slice(2)
    expect(summary).toBe('RUN: 8 calls, 524 tokens, 1.31 credits, N ms, paid by support')
    expect(rows).toContain('├─ order openai/gpt-4o-mini 29 tokens 0.0725 credits N ms RUN.order.ULID.1')
    expect(rows).toContain('│ └─ order-answer after find_order openai/gpt-4o-mini 39 tokens 0.0975 credits N ms RUN.order-answer.ULID.1')
    expect(rows.map((row) => /RUN\.([\w-]+)\.ULID\.1$/.exec(row)?.[1])).toEqual([
      'understand',
      'order',
      'order-answer',
      'parcel',
      'parcel-answer',
      'refund',
      'refund-answer',
      'reply',
    ])
    expect(settled(readme)).toBe(settled(printed))
    if (wanted && executablePath !== undefined) await takeTerminalPicture(executablePath, told(printed))
  })

  test('stops at Ctrl-C in the middle, and says what there was of it', async () => {
    const example = runExample('agent-workflow', ['emulate: hang'])
    await example.prints(/Working on ticket/)
    const printed = await example.interrupt()
    expect(printed).toContain('Stopped.')
    expect(printed).toMatch(/ticket-[0-9a-f]{4}: no call ended/)
  })
})

async function takeTerminalPicture(path: string, printed: string): Promise<void> {
  const browser = await launchChromium(path)
  const page = await browser.newPage({ viewport: { width: 1240, height: 347 } })
  await page.setContent(`<style>
    body { margin: 0; padding: 24px; background: #ececea }
    main { background: #1d1f26; border-radius: 12px; overflow: hidden; color: #e4e6ee }
    i { display: inline-block; width: 11px; height: 11px; margin: 12px 0 0 8px; border-radius: 50%; background: #4a4d5a } i:first-child { margin-left: 16px }
    pre { margin: 0; padding: 14px 22px 22px; font: 12.5px/1.6 "Liberation Mono", "DejaVu Sans Mono", monospace }
    b { color: #97a8f0; font-weight: 400 }</style>
    <main><i></i><i></i><i></i><pre></pre></main>`)
  await page.evaluate((text) => {
    const pre = document.querySelector('pre') as HTMLElement
    pre.textContent = `$ npm start\n${text.trim()}`
    pre.innerHTML = pre.innerHTML.replaceAll(/ticket-[0-9a-f]{4}\S*/g, '<b>$&</b>')
  }, printed)
  await takePicture(page, 'agent-workflow')
  await browser.close()
}
