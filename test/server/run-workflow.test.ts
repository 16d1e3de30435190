import { setTimeout as sleep } from 'node:timers/promises'
import { parseRequestId, runningTags, runWorkflow, tagHeaders } from '@postern/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPosternFetch } from '@postern/client'
import { type House, openHouse } from '../support/house.js'

const asClientsAsk = () => (globalThis as { [name: symbol]: (() => unknown) | undefined })[Symbol.for('postern.tags')]?.()

describe('a workflow', () => {
  test('tells clients what is running around them, and nothing outside', async () => {
    await runWorkflow('run-1', async (workflow) => {
      expect(asClientsAsk()).toEqual({ workflow: 'run-1' })
      await workflow.step('plan', async () => {
        await sleep(1)
        expect(asClientsAsk()).toEqual({ workflow: 'run-1', step: 'plan' })
      })
      expect(asClientsAsk()).toEqual({ workflow: 'run-1' })
    })
    expect(asClientsAsk()).toBeUndefined()
    expect(runningTags()).toBeUndefined()
  })

  test('gives what is run inside gives, promise or not, and passes on what it throws', async () => {
    expect(runWorkflow('run', (workflow) => workflow.step('add', () => 1 + 1))).toBe(2)
    expect(await runWorkflow('run', async (workflow) => workflow.step('add', async () => 1 + 1))).toBe(2)
    await expect(runWorkflow('run', async (workflow) => workflow.step('fail', () => Promise.reject(new Error('mine'))))).rejects.toThrow(
      'mine',
    )
    expect(runningTags()).toBeUndefined()
  })

  test('knows the parent of a step by where it begins, by whichever handle', () => {
    const seen = runWorkflow('run', (workflow) =>
      workflow.step('plan', (plan) => [
        plan.step('search', ({ tags }) => tags.parent),
        workflow.step('search', ({ tags }) => tags.parent),
        plan.step('search', () => workflow.step('read', ({ tags }) => tags.parent)),
        plan.tags.parent,
      ]),
    )
    expect(seen).toEqual(['plan', 'plan', 'search', undefined])
  })

  test('does not mix steps that run side by side, nor runs', async () => {
    const seen: string[] = []
    const run = (id: string) =>
      runWorkflow(id, (workflow) =>
        Promise.all(
          ['a', 'b', 'c'].map((name) =>
            workflow.step(name, async (step) => {
              await sleep(Math.random() * 20)
              await step.step(`${name}-inner`, async () => {
                await sleep(Math.random() * 20)
                const { workflow: run, step: own, parent } = runningTags() ?? {}
                seen.push(`${run} ${parent} ${own}`)
              })
            }),
          ),
        ),
      )
    await Promise.all([run('one'), run('two')])
    expect(seen.toSorted()).toEqual(['one', 'two'].flatMap((id) => ['a', 'b', 'c'].map((name) => `${id} ${name} ${name}-inner`)))
  })

  test('begun inside another is its own, and has no parent there', () => {
    runWorkflow('outer', (outer) =>
      outer.step('call', () =>
        runWorkflow('inner', (inner) => {
          expect(inner.step('first', ({ tags }) => tags)).toEqual({ workflow: 'inner', step: 'first' })
          expect(outer.step('second', ({ tags }) => tags)).toEqual({ workflow: 'outer', step: 'second' })
        }),
      ),
    )
  })

  test('says its tags as headers too, for what takes no fetch', () => {
    expect(tagHeaders()).toEqual({})
    runWorkflow('run', (workflow) => {
      expect(workflow.headers).toEqual({ 'X-Workflow-ID': 'run' })
      workflow.step('plan', (plan) =>
        plan.step('search', (search) => {
          expect(search.headers).toEqual({ 'X-Workflow-ID': 'run', 'X-Step-ID': 'search', 'X-Parent-Step-ID': 'plan' })
          expect(tagHeaders()).toEqual(search.headers)
          expect(tagHeaders(plan.tags)).toEqual(plan.headers)
        }),
      )
    })
  })

  test.each(['', 'with space', 'dotted.name', 'x'.repeat(65), 'é', undefined, 7])('has no id or step %j', (name) => {
    const id = name as string
    const run = (): never => expect.unreachable()
    expect(() => runWorkflow(id, run)).toThrow(new TypeError('The id of a workflow has 1 to 64 letters, digits, underscores and hyphens.'))
    expect(() => runWorkflow('run', (workflow) => workflow.step(id, run))).toThrow(/^The name of a step/)
  })
})

describe('calls of a workflow', () => {
  let house: House
  beforeAll(async () => {
    house = await openHouse()
  })
  afterAll(() => house.close())

  test('are tagged in the gateway’s log, though nothing was passed along', async () => {
    const postern = createPosternFetch({ url: `${house.origin}/ai`, token: async () => (await house.minter.mint({ team: 'acme' })).token })
    const call = async (): Promise<void> => {
      const body = JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] })
      const answer = await postern.fetch(`${postern.baseURL}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(answer.status).toBe(200)
      await answer.text()
    }
    await runWorkflow('onboarding-42', async (workflow) => {
      await Promise.all([
        workflow.step('plan', async (plan) => {
          await call()
          await plan.step('draft', call)
        }),
        workflow.step('search', call),
        call(),
      ])
    })
    await call()
    const said = house.emulator.seen.map(({ headers }) =>
      parseRequestId(headers.find(([name]) => name.toLowerCase() === 'x-request-id')?.[1] ?? ''),
    )
    expect(said.map((id) => `${id?.workflow} ${id?.step}`).toSorted()).toEqual(
      ['onboarding-42 draft', 'onboarding-42 plan', 'onboarding-42 search', 'onboarding-42 undefined', 'undefined undefined'].toSorted(),
    )
  })
})
