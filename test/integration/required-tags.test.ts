import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'

const policies = { require: ['workflow' as const], rules: [{ team: 'globex', require: ['step' as const] }] }

describe('policies.require', () => {
  forEachDoor({ config: { policies } }, (house) => {
    const statusOf = async (credential: string, headers: Record<string, string>): Promise<readonly unknown[]> => {
      const answer = await house().chat({ credential, headers })
      if (answer.status === 200) return [200]
      const { error } = (await answer.json()) as { error: { code: string; param: string } }
      return [answer.status, error.code, error.param, answer.headers.get('x-should-retry')]
    }

    test('lets a call pass that says its workflow, and refuses one that does not', async () => {
      const { acme } = house().callers
      expect(await statusOf(acme, { 'x-workflow-id': 'run-1' })).toEqual([200])
      const before = house().emulator.seen.length
      for (const headers of [{}, { 'x-workflow-id': '' }, { 'x-step-id': 'draft' }])
        expect(await statusOf(acme, headers)).toEqual([400, 'tag_invalid', 'x-workflow-id', 'false'])
      expect(house().emulator.seen).toHaveLength(before)
    })

    test('demands of each caller the tags of all rules that apply', async () => {
      const { globex } = house().callers
      expect(await statusOf(globex, { 'x-workflow-id': 'run-1', 'x-step-id': 'draft' })).toEqual([200])
      expect(await statusOf(globex, { 'x-workflow-id': 'run-1' })).toEqual([400, 'tag_invalid', 'x-step-id', 'false'])
      expect(await statusOf(globex, { 'x-step-id': 'draft' })).toEqual([400, 'tag_invalid', 'x-workflow-id', 'false'])
    })

    test('takes the workflow of a session for one, and checks its form as ever', async () => {
      const { token } = await house().minter.mint({ team: 'acme', user: 'ada', workflow: 'run-1' })
      expect(await statusOf(token, {})).toEqual([200])
      const { token: other } = await house().minter.mint({ team: 'acme', user: 'ada' })
      expect(await statusOf(other, {})).toEqual([400, 'tag_invalid', 'x-workflow-id', 'false'])
      expect(await statusOf(other, { 'x-workflow-id': 'no good' })).toEqual([400, 'tag_invalid', 'x-workflow-id', 'false'])
    })
  })
})
