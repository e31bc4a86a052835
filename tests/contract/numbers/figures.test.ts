import { expect, test } from 'vitest'
import { figures, figuresIn } from './claims.ts'
import { type Figure, figuresOf } from './figures.ts'
import { groups } from './groups.ts'
import { rules, rulesFor } from './incidental.ts'

const claims = Object.values(groups).flat()

const idOf = ({ where, text, start, figure }: Figure): string =>
  `${where}: ${text.slice(0, start)}«${figure}»${text.slice(start + figure.length)}`
const claimed = claims.flatMap((claim) => figuresIn(claim) ?? []).map(idOf)

test('every figure of the contract is measured, or says nothing about the server', () => {
  const measured = new Set(claimed)
  expect(figures.filter((figure) => !measured.has(idOf(figure)) && rulesFor(figure).length === 0).map(idOf)).toEqual([])
})

test('every claim is in the contract, word for word, and no two measure the same figure', () => {
  expect(
    claims.filter((claim) => figuresIn(claim) === undefined).map(({ where, says }) => `${where}: ${says}`),
  ).toEqual([])
  expect(claimed.filter((id, index) => claimed.indexOf(id) !== index)).toEqual([])
})

test('every rule for numbers that say nothing about the server is needed', () => {
  const used = new Set(figures.filter((figure) => !claimed.includes(idOf(figure))).flatMap(rulesFor))
  expect(rules.filter((rule) => !used.has(rule)).map(({ reason }) => reason)).toEqual([])
})

test.each([
  ['for 24 hours', [86_400, 'seconds']],
  ['a 15-minute wait', [900, 'seconds']],
  ['half an hour', [1_800, 'seconds']],
  ['two hundred days', [200 * 86_400, 'seconds']],
  ['the first of each week', [7 * 86_400, 'seconds']],
  ['kept daily', [86_400, 'seconds']],
  ['for weeks', [7 * 86_400, 'seconds']],
  ['after 30d', [30 * 86_400, 'seconds']],
  ['at most 4 KiB', [4_096, 'bytes']],
  ['1 048 576 characters', [1_048_576, undefined]],
  ['10,000 values', [10_000, undefined]],
  ['twenty-five', [25, undefined]],
  ['Twice', [2, undefined]],
  ['a hundred of them', [100, undefined]],
  ['six months', [6, 'months']],
])('%s is one figure, and is read as %j', (text, [value, unit]) => {
  expect(figuresOf({ where: '', text })).toMatchObject([{ value, unit }])
})

test.each(['IPv6', 'RFC8725', 'argon2id', 'the first', 'ones', 'nothing', 'a note', 'tenant'])(
  '%s is no figure',
  (text) => {
    expect(figuresOf({ where: '', text })).toEqual([])
  },
)
