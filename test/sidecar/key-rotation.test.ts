import { USUAL_MODELS } from '@postern/emulator'
import { afterEach, describe, expect, test } from 'vitest'
import { openRotating, type Rotating, rotateUnderLoad, users } from '../support/rotating-sidecar.js'

let open: Rotating | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})
const openAt = async (gateway: Parameters<typeof openRotating>[0]): Promise<Rotating> => (open = await openRotating(gateway))

test.each(['joytoken', 'mintoken'] as const)(
  'a rotation at %s takes a new key in stage by stage, while not one call fails',
  { timeout: 60_000 },
  async (gateway) => {
    expect(await rotateUnderLoad(gateway, await openAt(gateway), 4)).toBeGreaterThan(100)
  },
)

describe('a rotation', () => {
  test('stops at its validation where the gateway does not take the new key, with nothing changed', async () => {
    const { next, keys, keysAlone, call, used } = await openAt('joytoken')
    next.state = 'revoked'
    await keys('rotate', 'acme', '--take', '--secret-env', 'NEXT')
    const { code, stderr } = await keysAlone('rotate', 'acme', '--validate', '--model', USUAL_MODELS.joytoken)
    expect([code, stderr]).toEqual([1, expect.stringContaining('the gateway did not take the new key')])
    expect(stderr).toMatch(/Asked the gateway as rotation\.validate\.[0-9A-Z]{26}\.1/)
    expect((await keys('rotate', 'acme', '--share', '100')).code).toBe(1)
    expect(await call('u_1')).toBe(200)
    expect(used().next).toBe(0)
    expect((await keys('rollback', 'acme')).code).toBe(0)
    expect((await keys('rotate', 'acme')).stdout).toContain('no rotation is under way')
  })

  test('has a call whose secret the gateway refuses go on with the other one, whichever that is, and comes back by itself', async () => {
    const { former, next, keys, call, used } = await openAt('joytoken')
    await keys('rotate', 'acme', '--take', '--secret-env', 'NEXT')
    await keys('rotate', 'acme', '--validate', '--model', USUAL_MODELS.joytoken)
    former.state = 'revoked'
    await expect.poll(() => call('u_1'), { timeout: 3000 }).toBe(200)
    used()
    for (const user of users) expect(await call(user)).toBe(200)
    expect(used()).toEqual({ former: 0, next: users.length })
    next.state = 'revoked'
    expect(await call('u_1')).toBe(502)
    former.state = 'active'
    next.state = 'active'
    for (const user of users) expect(await call(user)).toBe(200)
  })

  test('is undone by a rollback even after the promotion, as long as the old key is not retired', async () => {
    const { keys, keysAlone, call, used } = await openAt('joytoken')
    for (const args of [
      ['--take', '--secret-env', 'NEXT'],
      ['--validate', '--model', USUAL_MODELS.joytoken],
      ['--confirm', '--yes'],
      ['--promote'],
    ])
      expect((await keys('rotate', 'acme', ...args)).code).toBe(0)
    expect((await keysAlone('rollback', 'acme')).code).toBe(0)
    await expect
      .poll(
        async () => {
          used()
          await call('u_1')
          return used().former
        },
        { timeout: 3000 },
      )
      .toBe(1)
  })

  test('takes a key that may do more than the one before only if somebody says so', async () => {
    const { keys } = await openAt('joytoken')
    const take = ['--take', '--secret-env', 'NEXT'] as const
    expect((await keys('rotate', 'acme', ...take, '--budget', '50 USD', '--models', 'a,b')).code).toBe(0)
    await keys('rotate', 'acme', '--validate', '--model', USUAL_MODELS.joytoken)
    await keys('rotate', 'acme', '--confirm', '--yes')
    await keys('rotate', 'acme', '--promote')
    await keys('rotate', 'acme', '--retire', '--yes')
    const { code, stderr } = await keys('rotate', 'acme', '--take', '--secret-env', 'FORMER', '--budget', '60 USD', '--models', 'a,c')
    expect([code, stderr]).toEqual([1, expect.stringContaining('a budget of 60 USD (before: 50 USD); the models c')])
    expect((await keys('rotate', 'acme', '--take', '--secret-env', 'FORMER', '--budget', '40 USD', '--models', 'a')).code).toBe(0)
  })
})

test('a key that has leaked is sent by nobody within a second, until a new one is validated and promoted', async () => {
  const { keys, call, used } = await openAt('joytoken')
  expect(await call('u_1')).toBe(200)
  expect((await keys('revoke', 'acme')).code).toBe(1)
  const { code, stdout } = await keys('revoke', 'acme', '--leaked')
  expect([code, stdout]).toEqual([0, expect.stringContaining('its callers get 503 key_unavailable')])
  await expect.poll(() => call('u_1'), { timeout: 1500 }).toBe(503)
  used()
  const stages: readonly (readonly [args: readonly string[], next: RegExp])[] = [
    [['--take', '--secret-env', 'NEXT'], /^Next: postern keys rotate acme --validate .*; back: /m],
    [['--validate', '--model', USUAL_MODELS.joytoken], /^Next, since its callers wait: postern keys rotate acme --promote; back: /m],
    [['--promote'], /--retire$/m],
  ]
  for (const [args, next] of stages)
    expect(await keys('rotate', 'acme', ...args)).toMatchObject({ code: 0, stdout: expect.stringMatching(next) })
  await expect.poll(() => call('u_1'), { timeout: 1500 }).toBe(200)
  expect(used().former).toBe(0)
})
