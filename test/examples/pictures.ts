import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

const folder = process.env['POSTERN_PICTURES']

/** Whether pictures are wanted. */
export const wanted = folder !== undefined

/** Takes the picture of a page that stands in a README, where pictures are wanted. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.png`), await page.screenshot({ animations: 'disabled' }))
}
