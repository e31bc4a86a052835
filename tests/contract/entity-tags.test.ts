import { expect, test } from 'vitest'
import { readEntityTags } from '../../src/contract/request/entity-tags.ts'

const strong = (...tags: readonly string[]) => tags.map((opaque) => ({ weak: false, opaque }))
const weak = (opaque: string) => ({ weak: true, opaque })

test.each([
  [undefined, undefined],
  ['*', '*'],
  [' * ', '*'],
  ['"1"', strong('1')],
  ['"1","2"', strong('1', '2')],
  ['"1" ,\t"2"', strong('1', '2')],
  ['W/"1", "2"', [weak('1'), ...strong('2')]],
  ['""', strong('')],
  ['"a,b", "c"', strong('a,b', 'c')],
  ['", "', undefined],
  ['",",","', strong(',', ',')],
  [', ,"1",,"2", ', strong('1', '2')],
  ['"\xE9"', strong('\xE9')],
  ['"\\"', strong('\\')],
])('%j is read by the grammar of RFC 9110', (header, tags) => {
  const headers = header === undefined ? {} : { 'If-Match': header }
  const { tags: read, errors } = readEntityTags(headers, 'If-Match')
  expect({ read, isRefused: errors.length > 0 }).toEqual({ read: tags, isRefused: header === '", "' })
})

test.each([
  '',
  ' ',
  ',',
  '1',
  '"1',
  '1"',
  "'1'",
  'w/"1"',
  'W/ "1"',
  'W/1',
  '"1" "2"',
  '"1"; "2"',
  '*, "1"',
  '"1", *',
  '"a b"',
  '"\x7F"',
])('%j is refused', (header) => {
  const { tags, errors } = readEntityTags({ 'If-None-Match': header }, 'If-None-Match')
  expect(tags).toBeUndefined()
  expect(errors).toMatchObject([{ loc: ['header', 'If-None-Match'], type: 'etag_parsing' }])
})

test('a header of 16 KB that is almost a list of tags is refused at once', () => {
  for (const header of [`${' ,'.repeat(8_000)}x`, `"${'"'.repeat(16_000)}`, `${'"1", '.repeat(3_000)}x`]) {
    const started = performance.now()
    expect(readEntityTags({ 'If-Match': header }, 'If-Match').errors).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(100)
  }
})
