import { expect, test } from 'vitest'
import { sentPath } from '../../src/http/request-log.ts'

test.each([
  ['/nots', '/nots'],
  ['/nots?q=secret', '/nots'],
  ['/nots#secret', '/nots'],
  ['/nots?a\nb', '/nots'],
  ['http://user:secret@host/nots?q', '/nots'],
  ['*', '*'],
  ['', ''],
  ['/%1B%0A', '/%1B%0A'],
  ['/\u001b[31m\r\n\u009b\u202e', String.raw`/\u001b[31m\u000d\u000a\u009b\u202e`],
  ['/nak_abc-DEF_1.2/x', '/nak_…/x'],
  ['/nrt_abc', '/nrt_…'],
  ['/a=eyJhbGciOi.eyJzdWIi.c2ln', '/a=eyJ…'],
  ['/' + 'x'.repeat(99), '/' + 'x'.repeat(99)],
  ['/' + 'x'.repeat(100), '/' + 'x'.repeat(99) + '…'],
])('the path of the unknown address %j is logged as %j', (sent, logged) => {
  expect(sentPath(sent)).toBe(logged)
})
