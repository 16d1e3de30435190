import { Refusal } from '@postern/ports'
import { expect, test } from 'vitest'
import { queryOf } from '../../sidecar/src/admin/query.js'

const read = (originalUrl: string) => queryOf({ originalUrl }, ['team', 'user'])

test('behind-a-second-question-mark: nothing of a query to the admin API is dropped, so one that names two teams is not read as one', () => {
  expect(read('/admin/v1/limits?team=acme?team=globex')).toEqual({ team: 'acme?team=globex' })
  expect(read('/admin/v1/limits?team=acme?&user=ada')).toEqual({ team: 'acme?', user: 'ada' })
  expect(() => read('/admin/v1/limits?team=acme?x&team=globex')).toThrow(Refusal)
  expect(() => read('/admin/v1/limits?team=acme?x&unknown=1')).toThrow(Refusal)
  expect(() => read('/admin/v1/limits??team=acme')).toThrow(Refusal)
})

test('behind-a-second-question-mark: a query with one question mark, an empty one and none are read as before', () => {
  expect(read('/admin/v1/limits?team=acme&user=a%3Fb')).toEqual({ team: 'acme', user: 'a?b' })
  expect(read('/admin/v1/limits?')).toEqual({})
  expect(read('/admin/v1/limits')).toEqual({})
})
