import { describe, expect, test } from 'vitest'
import { unifiedDiff } from '../../src/text/diff.ts'
import { costOf, randomEdit, randomFrom, randomText } from './random.ts'

const labels = { before: 'revision 1', after: 'revision 2' }
const head = '--- revision 1\n+++ revision 2\n'
const open = '\\ No newline at end of file\n'

test.each([
  ['nothing for equal texts', 'a\n', 'a\n', ''],
  ['nothing for empty texts', '', '', ''],
  ['a changed line', 'a\nb\nc\n', 'a\nx\nc\n', `${head}@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n`],
  ['a text written from nothing', '', 'a\nb\n', `${head}@@ -0,0 +1,2 @@\n+a\n+b\n`],
  ['a text deleted', 'a\n', '', `${head}@@ -1 +0,0 @@\n-a\n`],
  ['a missing final line break on both sides', 'a\nb', 'x\nb', `${head}@@ -1,2 +1,2 @@\n-a\n+x\n b\n${open}`],
  ['a final line break added', 'a', 'a\n', `${head}@@ -1 +1 @@\n-a\n${open}+a\n`],
  ['a final line break removed', 'a\n', 'a', `${head}@@ -1 +1 @@\n-a\n+a\n${open}`],
  ['CRLF lines as they are', 'a\r\nb\r\n', 'a\r\nx\r\n', `${head}@@ -1,2 +1,2 @@\n a\r\n-b\r\n+x\r\n`],
  ['turned endings', 'a\n', 'a\r\n', `${head}@@ -1 +1 @@\n-a\n+a\r\n`],
  [
    'three lines of context',
    '1\n2\n3\n4\n5\n6\n7\n8\n9\n',
    '1\n2\n3\n4\nx\n6\n7\n8\n9\n',
    `${head}@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n`,
  ],
  [
    'changes six lines apart in one hunk',
    '1\n2\n3\n4\n5\n6\n7\n8\n',
    'x\n2\n3\n4\n5\n6\n7\ny\n',
    `${head}@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n`,
  ],
  [
    'changes seven lines apart in two hunks',
    '1\n2\n3\n4\n5\n6\n7\n8\n9\n',
    '2\n3\n4\n5\n6\n7\n8\ny\n',
    `${head}@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n@@ -6,4 +5,4 @@\n 6\n 7\n 8\n-9\n+y\n`,
  ],
])('unifiedDiff prints %s', (_, before, after, diff) => {
  expect(unifiedDiff(before, after, labels)).toBe(diff)
})

test('unifiedDiff lets no label add lines', () => {
  expect(unifiedDiff('', 'a\n', { before: 'x\n+y', after: '\r\nz' })).toBe('--- x +y\n+++  z\n@@ -0,0 +1 @@\n+a\n')
})

/** Applies a unified diff as `patch` does. Throws if a line of context is not in the text. */
function patch(text: string, diff: string): string {
  const from = text.split(/(?<=\n)/)
  const out: string[] = []
  let at = 0
  const lines = diff.split(/(?<=\n)/).slice(2)
  for (const [index, line] of lines.entries()) {
    const start = /^@@ -(\d+)(,0)?/.exec(line)
    if (start !== null) {
      const until = Number(start[1]) - (start[2] === undefined ? 1 : 0)
      out.push(...from.slice(at, until))
      at = until
      continue
    }
    if (line.startsWith('\\')) continue
    const body = lines[index + 1]?.startsWith('\\') === true ? line.slice(1, -1) : line.slice(1)
    if (!line.startsWith('+')) {
      expect(from[at]).toBe(body)
      at += 1
    }
    if (!line.startsWith('-')) out.push(body)
  }
  return [...out, ...from.slice(at)].join('')
}

test('unifiedDiff of random texts, applied to the first, gives the second', () => {
  for (let seed = 0; seed < 2000; seed += 1) {
    const random = randomFrom(seed)
    const before = randomText(random) + randomText(random)
    const after = random.below(3) === 0 ? randomText(random) : randomEdit(random, before, 'm')
    expect(patch(before, unifiedDiff(before, after, labels)), `seed ${seed}`).toBe(after)
  }
})

function linesOf(length: number, line: (number: number) => string): string {
  const all: string[] = []
  for (let number = 0, sum = 0; sum < length; number += 1) {
    all.push(line(number))
    sum += all[number]?.length ?? 1
  }
  return all.join('')
}

describe('bounds', () => {
  const size = 2 ** 20
  const random = randomFrom(2)
  const ab = (): string => linesOf(size, () => random.oneOf(['a\n', 'b\n']))

  test.each([
    ['empty lines only', '\n'.repeat(size), `${'\n'.repeat(size / 2)}x\n${'\n'.repeat(size / 4)}`],
    ['two lines in random order', ab(), ab()],
    ['lines all different', linesOf(size, (number) => `a${number}\n`), linesOf(size, (number) => `b${number}\n`)],
    [
      'the same lines backwards',
      linesOf(size, (number) => `${number}\n`),
      linesOf(size, (number) => `${200_000 - number}\n`),
    ],
  ])('unifiedDiff of 1 MiB ends within 2 s of processor time for %s', (_, before, after) => {
    let diff = ''
    expect(costOf(() => (diff = unifiedDiff(before, after, labels)))).toBeLessThan(2000)
    const removed = diff.split('\n').filter((line) => line.startsWith('-')).length
    expect(removed).toBeGreaterThan(1)
  })

  test('unifiedDiff of a 100 kB note with a handful of changes takes less than 50 ms of processor time', () => {
    const words = ['lorem', 'ipsum', 'dolor', 'sit', 'amet', 'tea']
    const before = linesOf(100_000, (number) =>
      number % 5 === 0 ? '\n' : `${Array.from({ length: 9 }, () => random.oneOf(words)).join(' ')}\n`,
    )
    const all = before.split('\n')
    for (const at of [3, 400, 401, 900, 1500]) all[at] = 'changed'
    all.splice(700, 2)
    all.splice(1200, 0, 'new', '', 'newer')
    const after = all.join('\n')
    unifiedDiff(before, after, labels)
    let diff = ''
    expect(costOf(() => (diff = unifiedDiff(before, after, labels)))).toBeLessThan(50)
    expect(diff.split('\n').filter((line) => line.startsWith('@@')).length).toBe(6)
  })
})
