import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The serious and critical faults that axe-core finds, as rule and place. */
export async function findSerious(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe: loaded } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { target: unknown[] }[] }[] }> }
    }
    const { violations } = await loaded.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
  })
}

/** Fields whose border has a contrast below 3:1 with what is around them (WCAG 2.2, 1.4.11). */
export function findFaintBorders(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number)
    const luminance = (color: string): number => {
      const [red = 0, green = 0, blue = 0] = channels(color).map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const groundOf = (from: Element | null): string => {
      for (let element = from; element !== null; element = element.parentElement) {
        const { backgroundColor } = getComputedStyle(element)
        if (channels(backgroundColor)[3] !== 0) return backgroundColor
      }
      return getComputedStyle(document.documentElement).backgroundColor
    }
    const hasBorder = (element: Element): boolean => {
      const { borderTopWidth, borderTopColor } = getComputedStyle(element)
      return Number.parseFloat(borderTopWidth) > 0 && channels(borderTopColor)[3] !== 0
    }
    const faint: string[] = []
    for (const field of document.querySelectorAll('input, textarea, select')) {
      // If a field has no border of its own, the box around it is its border.
      let box: Element | null = field
      while (box !== null && !hasBorder(box)) box = box.parentElement
      if (box === null || box.getBoundingClientRect().width === 0) continue
      const [edge, ground] = [luminance(getComputedStyle(box).borderTopColor), luminance(groundOf(box.parentElement))]
      const ratio = (Math.max(edge, ground) + 0.05) / (Math.min(edge, ground) + 0.05)
      if (ratio < 3) faint.push(`${box.tagName} ${box.className}: ${ratio.toFixed(2)}`)
    }
    return faint
  })
}

/** How much wider and higher the page is than its window, in pixels. */
export function overflowOf(page: Page): Promise<{ wide: number; high: number }> {
  return page.evaluate(() => {
    const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement
    return { wide: scrollWidth - clientWidth, high: scrollHeight - clientHeight }
  })
}
