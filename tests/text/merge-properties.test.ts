import { describe, expect, test } from 'vitest'
import { mergeText } from '../../src/text/merge.ts'
import { costOf, randomEdit, randomFrom, randomText } from './random.ts'

const rounds = 2000

function countsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of text.split(/\s+/)) if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

function everyOther(text: string, mark: string): string {
  return text.replaceAll(/\n[^\n]*\n/g, (pair) => `${pair}${mark}\n`)
}

describe('for random texts', () => {
  const cases = Array.from({ length: rounds }, (_, seed) => {
    const random = randomFrom(seed)
    const base = randomText(random)
    return { seed, base, mine: randomEdit(random, base, 'm'), theirs: randomEdit(random, base, 't') }
  })

  test('if one side changed nothing, or both the same, the result is the text of the other', () => {
    for (const { base, mine } of cases) {
      const whole = { text: mine, conflicts: [] }
      expect([mergeText(base, mine, base), mergeText(base, base, mine), mergeText(base, mine, mine)]).toEqual([
        whole,
        whole,
        whole,
      ])
    }
  })

  test('exchanging the sides does not change the result', () => {
    for (const { seed, base, mine, theirs } of cases) {
      const one = mergeText(base, mine, theirs)
      const other = mergeText(base, theirs, mine)
      expect(other.text, `seed ${seed}`).toBe(one.text)
      expect(
        other.conflicts.map((conflict) => ({ ...conflict, mine: conflict.theirs, theirs: conflict.mine })),
      ).toEqual(one.conflicts)
    }
  })

  test('every word a side wrote is in the merged text', () => {
    let whole = 0
    for (const { seed, base, mine, theirs } of cases) {
      const { text } = mergeText(base, mine, theirs)
      if (text === undefined) continue
      whole += 1
      const [m, t, merged] = [countsOf(mine), countsOf(theirs), countsOf(text)]
      for (const word of [...m.keys(), ...t.keys()].filter((key) => /^[mt]\d/.test(key))) {
        expect(merged.get(word), `seed ${seed}, word ${word}`).toBe(Math.max(m.get(word) ?? 0, t.get(word) ?? 0))
      }
    }
    expect(whole).toBeGreaterThan(rounds / 3)
    expect(whole).toBeLessThan(rounds)
  })

  test('with unique words, the merged text has exactly the words that both sides kept or one side wrote', () => {
    for (let seed = 0; seed < rounds; seed += 1) {
      const random = randomFrom(seed)
      let number = 0
      const base = randomText(random).replaceAll(/\S+/g, () => `w${(number += 1)}`)
      const [mine, theirs] = [randomEdit(random, base, 'm', false), randomEdit(random, base, 't', false)]
      const { text } = mergeText(base, mine, theirs)
      if (text === undefined) continue
      const [b, m, t] = [countsOf(base), countsOf(mine), countsOf(theirs)]
      const wanted = [...new Set([...m.keys(), ...t.keys()])].filter(
        (word) => !b.has(word) || (m.has(word) && t.has(word)),
      )
      expect([...countsOf(text).keys()].toSorted(), `seed ${seed}`).toEqual(wanted.toSorted())
    }
  })

  test('a conflict names the line of the base and the unchanged texts of all three', () => {
    for (const { seed, base, mine, theirs } of cases) {
      for (const conflict of mergeText(base, mine, theirs).conflicts) {
        const offset = base
          .split(/(?<=\n)/)
          .slice(0, conflict.line - 1)
          .join('').length
        expect(base.slice(offset, offset + conflict.base.length), `seed ${seed}`).toBe(conflict.base)
        expect(mine.includes(conflict.mine) && theirs.includes(conflict.theirs), `seed ${seed}`).toBe(true)
      }
    }
  })

  test('no grapheme cluster is split: each one in the merged text was in a side', () => {
    const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })
    const clustersOf = (text: string): string[] => [...segmenter.segment(text)].map(({ segment }) => segment)
    const signs = ['👨‍👩‍👧', '👨', '👩‍👧', '🇩🇪', '🇫🇷', 'e\u0301', 'e', '한', '茶', 'x', ' ', '👍🏽', '👍', 'नि', 'กำ']
    let inside = 0
    for (let seed = 0; seed < rounds; seed += 1) {
      const random = randomFrom(seed)
      const base = Array.from({ length: 12 }, () => random.oneOf(signs))
      const change = (): string => {
        const side = [...base]
        side[random.below(side.length)] = random.oneOf(signs)
        return side.join('')
      }
      const texts = [base.join(''), change(), change()] as const
      const { text } = mergeText(...texts)
      if (text === undefined) continue
      if (!texts.includes(text)) inside += 1
      const known = new Set([...texts.flatMap((side) => clustersOf(side)), ...signs])
      expect(
        clustersOf(text).filter((cluster) => !known.has(cluster)),
        `seed ${seed}`,
      ).toEqual([])
    }
    expect(inside).toBeGreaterThan(rounds / 4)
  })
})

describe('for 1 MiB, in less than 2 s of processor time and without more than 400 MiB', () => {
  const size = 2 ** 20
  const random = randomFrom(1)
  const lines = (line: () => string): string => {
    let text = ''
    while (text.length < size) text += line()
    return text.slice(0, size)
  }
  const ab = (): string => lines(() => random.oneOf(['a\n', 'b\n']))
  const distinct = (name: string): string => {
    let number = 0
    return lines(() => `${name}${(number += 1)}\n`)
  }
  const shuffled = (text: string): string => {
    const all = text.split('\n')
    for (let i = all.length - 1; i > 0; i -= 1) {
      const j = random.below(i + 1)
      ;[all[i], all[j]] = [all[j] ?? '', all[i] ?? '']
    }
    return all.join('\n')
  }
  const all = distinct('line ')
  const oneLine = lines(() => random.oneOf(['a ', 'b ', 'ç ']))

  test.each([
    [
      'empty lines only',
      '\n'.repeat(size),
      `${'\n'.repeat(size / 2)}x\n${'\n'.repeat(size / 4)}`,
      `y\n${'\n'.repeat(size - 9)}z\n`,
    ],
    ['two lines in random order', ab(), ab(), ab()],
    ['lines all different', distinct('a'), distinct('b'), distinct('c')],
    ['the same lines in other orders', all, shuffled(all), shuffled(all)],
    ['every other line replaced', all, everyOther(all, 'm'), everyOther(all, 't')],
    ['every line edited by both', all, all.replaceAll('line', 'lime'), all.replaceAll('\n', ' end\n')],
    ['every line edited, endings turned', all, all.replaceAll('\n', '\r\n'), all.replaceAll('line', 'lime')],
    ['one line', oneLine, `x${oneLine}`, `${oneLine} y`],
    ['one line of one letter', 'a'.repeat(size), 'a'.repeat(size - 1), `${'a'.repeat(size)}b`],
    ['nested repetitions', lines(() => 'a\nb\na\nc\n'), lines(() => 'a\nb\nc\na\n'), lines(() => 'b\na\na\nc\n')],
  ])('mergeText ends for %s', (_, base, mine, theirs) => {
    const before = process.memoryUsage().heapUsed
    expect(costOf(() => mergeText(base, mine, theirs))).toBeLessThan(2000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(400 * 2 ** 20)
  })
})
