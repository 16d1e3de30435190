import { setTimeout as sleep } from 'node:timers/promises'
import { USUAL_MODELS } from '@postern/emulator'
import { afterEach, describe, expect, test } from 'vitest'
import { openRotating, type Rotating, users } from '../support/rotating-sidecar.js'

let open: Rotating | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

/** Each stage, what begins it, and what the command without a stage says once it is reached. */
const stages: readonly (readonly [stage: string, args: readonly string[], reached: RegExp])[] = [
  ['taken', ['--take', '--secret-env', 'NEXT'], /"?taken"?/],
  ['validated', ['--validate', '--model', USUAL_MODELS.joytoken], /validated/],
  ['sharing', ['--share', '50'], /sharing/],
  ['confirmed', ['--confirm', '--yes'], /confirmed/],
  ['promoted', ['--promote'], /promoted/],
  ['over', ['--retire', '--yes'], /no rotation is under way/],
]

/** By how much longer a command may run each time before it is killed, in milliseconds. */
const stepMs = 60

describe('a rotation whose commands and whose process are killed in every stage', () => {
  test('stands where it stood or one stage further, goes on from there, and fails no call between', { timeout: 180_000 }, async () => {
    open = await openRotating('joytoken')
    const { former, next, begin, keys, killAndStart, call, used } = open
    const whereItStands = async (): Promise<number> => {
      const { code, stdout } = await keys('rotate', 'acme')
      expect(code).toBe(0)
      const at = stages.findLastIndex(([, , reached]) => reached.test(stdout))
      return at === stages.length - 1 && !(await isOver()) ? -1 : at
    }
    // Before the first stage and after the last one the command says the same.
    const isOver = async (): Promise<boolean> => {
      used()
      for (const user of users.slice(0, 4)) expect(await call(user)).toBe(200)
      return used().former === 0
    }
    let kills = 0
    let place = -1
    for (const [index, [stage, args]] of stages.entries()) {
      for (let afterMs = stepMs; place < index; afterMs += stepMs) {
        const command = begin('rotate', 'acme', ...args)
        await Promise.race([command.finished, sleep(afterMs)])
        command.child.kill('SIGKILL')
        kills += (await command.finished).code === null ? 1 : 0
        place = await whereItStands()
        expect([index - 1, index], `killed ${afterMs} ms after it began ${stage}`).toContain(place)
        for (const user of users.slice(0, 4)) expect(await call(user)).toBe(200)
      }
      await killAndStart()
      expect(await whereItStands()).toBe(index)
      used()
      for (const user of users) expect(await call(user)).toBe(200)
      const { former: before, next: after } = used()
      expect(before + after).toBe(users.length)
      if (index === 2 || index === 3) expect(Math.min(before, after)).toBeGreaterThan(5)
      else expect(after).toBe(index < 2 ? 0 : users.length)
    }
    expect(kills).toBeGreaterThan(stages.length)
    former.state = 'revoked'
    for (const user of users) expect(await call(user)).toBe(200)
    expect(next.state).not.toBe('revoked')
  })
})
