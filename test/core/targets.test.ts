import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { originForm, takeOriginForm } from '../../packages/instance/src/doors/normalize-target.js'

const request = (url: string, host?: string): IncomingMessage => ({ url, headers: { host } }) as unknown as IncomingMessage

describe('a target that is a URL', () => {
  test.each([
    ['http://a.test/x?y', 'a.test', '/x?y'],
    ['HTTP://A.test/x', 'a.TEST', '/x'],
    ['http://a.test:80/x', 'a.test', '/x'],
    ['http://a.test/x', 'a.test:80', '/x'],
    ['https://a.test:443/x', 'a.test', '/x'],
    ['HTTPS://a.test/x', 'a.test:443', '/x'],
    ['http://a.test:8080/x', 'a.test:8080', '/x'],
    ['http://a.test', 'a.test', '/'],
    ['http://a.test?y', 'a.test', '/?y'],
    ['http://a.test#z', 'a.test', '/#z'],
    ['http://a.test//x', 'a.test', '//x'],
  ])('%s of the host %s is its path: %s', (target, host, path) => {
    expect(originForm(target, host)).toBe(path)
    const asked = request(target, host)
    expect([takeOriginForm(asked), asked.url]).toEqual([path, path])
  })

  test.each([
    ['http://b.test/x', 'a.test'],
    ['http://a.test:443/x', 'a.test'],
    ['https://a.test:80/x', 'a.test'],
    ['http://a.test:8080/x', 'a.test'],
    ['http://u@a.test/x', 'a.test'],
    ['ftp://a.test/x', 'a.test'],
    ['x http://a.test/x', 'a.test'],
    ['http:/a.test/x', 'a.test'],
    ['http://a.test/x\ny', 'a.test'],
    ['http:///x', ''],
    ['http://a.test/x', undefined],
    ['a.test:443', 'a.test'],
    ['*', 'a.test'],
    ['', ''],
  ])('%s is none of the host %s, and stays as it is', (target, host) => {
    expect(originForm(target, host)).toBeUndefined()
    const asked = request(target, host)
    expect([takeOriginForm(asked), asked.url]).toEqual([target, target])
  })

  test('is not looked at if it is a path', () => {
    const asked = request('/http://a.test/x', 'a.test')
    expect([takeOriginForm(asked), asked.url]).toEqual(['/http://a.test/x', '/http://a.test/x'])
  })
})
