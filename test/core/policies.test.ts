import type { Principal } from '@postern/ports'
import { describe, expect, test } from 'vitest'
import { checkFormModel, checkModel, refuseModel } from '../../packages/core/src/police/check-model.js'
import { createPolicyFinder, type Policy, type PolicyRule } from '../../packages/core/src/police/policies.js'
import { refusalOf } from '../support/refusal-of.js'

const principal = (fields: Partial<Principal> = {}): Principal => ({ via: 'service', caller: 'one', delegate: false, ...fields })
const policyOf = (rules: readonly PolicyRule[], fields: Partial<Principal> = {}, bytes = 1000): Policy =>
  createPolicyFinder(rules, bytes)(principal(fields))
const takes = (policy: Policy, model: string | undefined): boolean => {
  try {
    checkModel(policy, model)
    return true
  } catch {
    return false
  }
}

describe('a policy', () => {
  test('without rules allows every model and endpoint, limits nothing but the size, and pins nobody', () => {
    expect(policyOf([])).toEqual({
      models: [],
      namesModels: false,
      endpoints: [],
      maxBodyBytes: 1000,
      maxTokens: undefined,
      choices: {},
      pinUser: false,
      requires: new Set(),
    })
  })

  test('of a rule that sets one thing leaves everything else as it is without rules', () => {
    expect(policyOf([{ maxTokens: 7 }])).toEqual({ ...policyOf([]), maxTokens: 7 })
    expect(policyOf([{ maxBodyBytes: 7 }])).toEqual({ ...policyOf([]), maxBodyBytes: 7 })
    expect(policyOf([{ pinUser: true }, { user: 'ada', pinUser: true }], { user: 'ada' })).toEqual({ ...policyOf([]), pinUser: true })
  })

  test('has the smallest limit of all rules that match, whoever they name', () => {
    const rules = [
      { maxBodyBytes: 300 },
      { team: 'acme', maxBodyBytes: 200, maxTokens: 7 },
      { user: 'ada', maxBodyBytes: 400, maxTokens: 9 },
    ]
    expect(policyOf(rules)).toMatchObject({ maxBodyBytes: 300, maxTokens: undefined })
    expect(policyOf(rules, { user: 'ada' })).toMatchObject({ maxBodyBytes: 300, maxTokens: 9 })
    expect(policyOf(rules, { user: 'ada', team: 'acme' })).toMatchObject({ maxBodyBytes: 200, maxTokens: 7 })
    expect(policyOf([{ maxBodyBytes: 5000 }])).toMatchObject({ maxBodyBytes: 5000 })
  })

  test.each<[PolicyRule, Partial<Principal>]>([
    [{ user: 'ada' }, { user: 'ada' }],
    [{ team: 'acme' }, { team: 'acme' }],
    [{ project: 'labs' }, { project: 'labs' }],
  ])('of a rule for %j holds for that caller alone', (rule, fields) => {
    const rules = [{ ...rule, pinUser: true, models: ['small'], endpoints: ['models'] }]
    expect(policyOf(rules, fields)).toMatchObject({ pinUser: true, namesModels: true, endpoints: [{ names: ['models'] }] })
    expect(policyOf(rules)).toMatchObject({ pinUser: false, requires: new Set(), namesModels: false, endpoints: [], models: [] })
  })

  test('pins the user if one rule says so, and not if a rule says no', () => {
    expect(policyOf([{ pinUser: false }]).pinUser).toBe(false)
    expect(policyOf([{ pinUser: false }, { pinUser: true }, { pinUser: false }]).pinUser).toBe(true)
  })

  test('takes the last value of a choice, and one for somebody over one for everybody', () => {
    const rules = [
      { team: 'acme', choices: { intensity: 'low' } },
      { choices: { intensity: 'high', tier: 'one' } },
      { choices: { tier: 'two' } },
      { user: 'ada', choices: { intensity: 'middle' } },
    ]
    expect(policyOf(rules).choices).toEqual({ intensity: 'high', tier: 'two' })
    expect(policyOf(rules, { team: 'acme' }).choices).toEqual({ intensity: 'low', tier: 'two' })
    expect(policyOf(rules, { team: 'acme', user: 'ada' }).choices).toEqual({ intensity: 'middle', tier: 'two' })
  })

  test('is kept for callers whom the same rules name, and not for callers whom others name', () => {
    const find = createPolicyFinder(
      [
        { team: 'acme', maxTokens: 1 },
        { user: 'ada', maxTokens: 2 },
      ],
      1000,
    )
    expect(find(principal({ user: 'ada', team: 'acme' })).maxTokens).toBe(1)
    expect(find(principal({ user: 'ada' })).maxTokens).toBe(2)
    expect(find(principal())).toBe(find(principal({ user: 'eve' })))
  })

  test('keeps apart combinations of rules whose numbers are the same digits', () => {
    const rules = Array.from({ length: 13 }, (_, index) => ({ [index < 2 ? 'team' : 'user']: `n${index}`, maxTokens: 100 - index }))
    const find = createPolicyFinder(rules, 1000)
    expect(find(principal({ team: 'n1', user: 'n2' })).maxTokens).toBe(98)
    expect(find(principal({ user: 'n12' })).maxTokens).toBe(88)
  })
})

describe('the bounds of a session', () => {
  const rules = [{ models: ['gpt-*', 'o3'], endpoints: ['chat/*'], maxTokens: 100 }]

  test('narrow what the policy allows, and widen nothing', () => {
    const policy = policyOf(rules, { bounds: { models: ['*-mini', 'claude'], endpoints: ['*completions'], maxTokens: 50 } })
    const models = ['gpt-4-mini', 'gpt-4', 'claude', 'o3', 'a-mini']
    expect(models.filter((model) => takes(policy, model))).toEqual(['gpt-4-mini'])
    expect(policy.endpoints.map((list) => list.names)).toEqual([['chat/*'], ['*completions']])
    expect([policy.maxTokens, policy.namesModels]).toEqual([50, true])
  })

  test('that are wider than the policy change nothing', () => {
    const policy = policyOf(rules, { bounds: { models: ['*'], maxTokens: 500 } })
    expect(['gpt-4', 'claude'].filter((model) => takes(policy, model))).toEqual(['gpt-4'])
    expect([policy.maxTokens, policy.endpoints.length]).toEqual([100, 1])
  })

  test('that name nothing leave the policy as it is', () => {
    const find = createPolicyFinder(rules, 1000)
    expect(find(principal({ bounds: {} }))).toEqual(find(principal()))
    expect(policyOf([], { bounds: { models: ['*'] } }).namesModels).toBe(false)
    expect(policyOf([], { bounds: { models: ['a'] } }).namesModels).toBe(true)
  })

  test('are put together with the policy once for each credential', () => {
    const find = createPolicyFinder(rules, 1000)
    const bounds = { maxTokens: 5 }
    expect(find(principal({ bounds }))).toBe(find(principal({ bounds })))
    expect(find(principal({ bounds: { maxTokens: 6 } })).maxTokens).toBe(6)
  })
})

describe('a list of models', () => {
  test('that has only stars allows every name, so no name is needed', () => {
    for (const star of ['*', '**', '***']) {
      const policy = policyOf([{ models: ['gpt-4', star] }])
      expect([policy.namesModels, takes(policy, undefined), takes(policy, 'a,b')]).toEqual([false, true, true])
    }
    for (const name of ['a*', '*a', '* ', 'x\n*']) expect(policyOf([{ models: [name] }]).namesModels).toBe(true)
    expect(policyOf([{ models: [] }]).namesModels).toBe(true)
  })

  test.each([
    'gpt-4,claude',
    'gpt-4;claude',
    'gpt-4|claude',
    'gpt-4\\claude',
    'gpt-4%2fclaude',
    'gpt-4?model=claude',
    'gpt-4#claude',
    'gpt-4\nclaude',
    'gpt-4\0',
    'gpt-4\u200bclaude',
    'gpt-4\u2028claude',
    'gpt-4\u2029claude',
    'gpt-4/../claude',
    'gpt-4@preset/of-somebody',
    'gpt-4@PRESET/of-somebody',
  ])('takes no star for what could make another model of the name: %j', (model) => {
    expect(takes(policyOf([{ models: ['gpt-*'] }]), model)).toBe(false)
    expect(takes(policyOf([{ models: [model] }]), model)).toBe(true)
  })

  test.each(['gpt-4', 'gpt-4.1', 'gpt-4:latest', 'gpt-4/instruct', 'gpt-4@2024', 'gpt-4 turbo', 'gpt-4_ä'])(
    'takes a star for an ordinary name: %s',
    (model) => expect(takes(policyOf([{ models: ['gpt-*'] }]), model)).toBe(true),
  )

  test('is the same for the list of a session', () => {
    expect(takes(policyOf([], { bounds: { models: ['gpt-*'] } }), 'gpt-4,claude')).toBe(false)
    expect(takes(policyOf([], { bounds: { models: ['gpt-*'] } }), 'gpt-4')).toBe(true)
  })

  test('does not look for such characters in the path of an endpoint', () => {
    const [list] = policyOf([{ endpoints: ['files/*'] }]).endpoints
    expect([list?.allows('files/a;b'), list?.allows('file/a'), list?.allowsAny]).toEqual([true, false, false])
  })
})

describe('the check of a model', () => {
  const makeSome = () => policyOf([{ models: ['small', 'tiny'] }, { models: ['small', 'large'] }])

  test('wants each list to allow the model', () => {
    expect(['small', 'tiny', 'large', ''].filter((model) => takes(makeSome(), model))).toEqual(['small'])
  })

  test('refuses a request that names none with the member in which it is said', () => {
    const none = refusalOf(() => checkModel(makeSome(), undefined))
    expect([none.code, none.details.param, none.message]).toEqual([
      'model_not_allowed',
      'model',
      'The request names no model, and the policy allows only some.',
    ])
    const other = refusalOf(() => checkModel(makeSome(), 'large'))
    expect([other.code, other.details.param, other.message]).toEqual([
      'model_not_allowed',
      'model',
      'The policy does not allow the model "large".',
    ])
    expect(refuseModel('large', 'deployment').details.param).toBe('deployment')
  })

  test('takes a form by its field, and a body without fields only if every model is allowed', () => {
    const fields = new Map([['model', 'small']])
    expect(checkFormModel(makeSome(), fields)).toBeUndefined()
    expect(refusalOf(() => checkFormModel(makeSome(), new Map([['model', 'large']]))).code).toBe('model_not_allowed')
    expect(refusalOf(() => checkFormModel(makeSome(), new Map())).message).toContain('names no model')
    expect(refusalOf(() => checkFormModel(makeSome(), undefined)).message).toContain('only JSON bodies and forms')
    expect(checkFormModel(policyOf([{ models: ['*'] }]), undefined)).toBeUndefined()
    expect(refusalOf(() => checkFormModel(policyOf([{ models: ['*'] }, { models: ['a'] }]), undefined)).code).toBe('model_not_allowed')
  })
})
