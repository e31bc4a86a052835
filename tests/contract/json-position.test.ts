import { describe, expect, test } from 'vitest'
import { whereBroken } from '../../src/contract/request/json-position.ts'

test.each([
  ['', 'At its end, a value was expected.'],
  ['{"a":1', 'At its end, a comma or the end of the object was expected.'],
  ['[1', 'At its end, a comma or the end of the array was expected.'],
  ['{"a":1}}', 'At line 1, column 8, the end of the body was expected.'],
  ['{"a":1,}', 'At line 1, column 8, a key in double quotes was expected.'],
  ['{a:1}', 'At line 1, column 2, a key in double quotes was expected.'],
  ['{"a" 1}', 'At line 1, column 6, a colon was expected.'],
  ['{"a":\n  True}', 'At line 2, column 3, a value was expected.'],
  ['["😀", nul]', 'At line 1, column 7, a value was expected.'],
  ['[01]', 'At line 1, column 2, a value was expected.'],
])('%j is not JSON, and the first fault is told', (text, words) => {
  expect(whereBroken(text)).toBe(words)
})

/** Around the number of characters after which the rest of a run is skipped, and far beyond. */
describe.each([0, 1, 62, 63, 64, 65, 66, 127, 128, 129, 5_000])('behind %i plain characters of a string', (length) => {
  const plain = 'a'.repeat(length)
  test.each([
    ['the end', '', 'At its end, the closing quotation mark of a string was expected.'],
    [
      'a control character',
      '\u0001"',
      `At line 1, column ${length + 2}, an escape sequence instead of a control character was expected.`,
    ],
    ['a wrong escape', '\\x"', `At line 1, column ${length + 2}, a valid escape sequence was expected.`],
    ['an escape and the end', '\\"b', 'At its end, the closing quotation mark of a string was expected.'],
    ['a closed string', '" 1', `At line 1, column ${length + 4}, the end of the body was expected.`],
  ])('%s is found', (_, rest, words) => {
    expect(whereBroken(`"${plain}${rest}`)).toBe(words)
  })
})
