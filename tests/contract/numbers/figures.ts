import type { Sentence } from './texts.ts'

/** A number in a sentence, in digits or words, with its unit brought to seconds or bytes. */
export interface Figure extends Sentence {
  /** As it is written, unit included. */
  readonly figure: string
  /** Where in the sentence it begins. */
  readonly start: number
  readonly value: number
  readonly unit: 'seconds' | 'bytes' | 'bits' | 'months' | 'years' | undefined
}

const WORDS: Readonly<Record<string, number>> = {
  ...numbered('zero one two three four five six seven eight nine ten eleven twelve', 1, 0),
  ...numbered('thirteen fourteen fifteen sixteen seventeen eighteen nineteen', 1, 13),
  ...numbered('twenty thirty forty fifty sixty seventy eighty ninety', 10, 20),
  half: 0.5,
  once: 1,
  single: 1,
  twice: 2,
  thrice: 3,
  double: 2,
  doubles: 2,
  doubled: 2,
  triple: 3,
  triples: 3,
}
const MULTIPLES: Readonly<Record<string, number>> = { dozen: 12, hundred: 100, thousand: 1_000, million: 1_000_000 }
const [SECOND, MINUTE, HOUR, DAY] = [1, 60, 3_600, 86_400]
const UNITS: Readonly<Record<string, readonly [factor: number, unit: Figure['unit']]>> = {
  ...units('seconds', {
    ms: 0.001,
    millisecond: 0.001,
    s: SECOND,
    second: SECOND,
    m: MINUTE,
    minute: MINUTE,
    hourly: HOUR,
    daily: DAY,
  }),
  ...units('seconds', { h: HOUR, hour: HOUR, d: DAY, day: DAY, week: 7 * DAY, weekly: 7 * DAY }),
  ...units('bytes', { byte: 1, kb: 1_000, mb: 1_000_000, kib: 1_024, mib: 1_024 ** 2, gib: 1_024 ** 3 }),
  ...units('bits', { bit: 1 }),
  ...units('months', { month: 1, monthly: 1 }),
  ...units('years', { year: 1, yearly: 1 }),
}

const [TENS, MANY] = [Object.keys(WORDS).join('|'), Object.keys(MULTIPLES).join('|')]
const DIGITS = String.raw`\d{1,3}(?:[ ,\u00A0\u2009\u202F]\d{3})+(?!\d)|\d+(?:\.\d+)*`
const SPELT_OUT = `(?:${TENS})(?:-(?:${TENS}))?`
const TIME = 'milliseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|years?'
/**
 * `24 hours`, `24h`, `two hundred`, `half an hour`, `each day`, `daily`. A plural without a number (`for minutes`) says how long,
 * too. A digit inside a word, as in `IPv6`, is part of a name.
 */
const PATTERN = new RegExp(
  [
    String.raw`(?<![\w.])(?:(?<number>(?:${DIGITS}|${SPELT_OUT})(?: (?:${MANY})\b)?|(?<=\ban? )(?:${MANY}))`,
    String.raw`(?:[ -](?:an? )?(?<unit>${TIME}|[KMG]i?B|bytes?|bits?)\b|(?<=\d)(?<suffix>[a-z]+))?`,
    String.raw`|(?:an?|each|every|per) (?<single>${TIME})`,
    String.raw`|(?<=\b(?:for|within|after) )(?<some>(?:second|minute|hour|day|week|month|year)s)`,
    String.raw`|(?<often>hourly|daily|weekly|monthly|yearly))(?!\w)`,
  ].join(''),
  'gi',
)

export function figuresOf(sentence: Sentence): Figure[] {
  return [...sentence.text.matchAll(PATTERN)].map((match) => {
    const { number, unit, suffix, single, some, often } = match.groups ?? {}
    const [factor, kind] = UNITS[singular(unit ?? suffix ?? single ?? some ?? often ?? '')] ?? [1, undefined]
    const value = (number === undefined ? 1 : valueOf(number)) * factor
    return { ...sentence, figure: match[0], start: match.index, value, unit: kind }
  })
}

function valueOf(text: string): number {
  const [last = '', ...before] = text
    .toLowerCase()
    .split(/ (?=[a-z])/)
    .toReversed()
  const multiple = MULTIPLES[last]
  if (multiple !== undefined) return multiple * (before.length === 0 ? 1 : valueOf(before.toReversed().join(' ')))
  if (/^\d/.test(text)) return Number(text.replaceAll(/[ ,\u00A0\u2009\u202F]/g, ''))
  return text
    .toLowerCase()
    .split('-')
    .reduce((sum, word) => sum + (WORDS[word] ?? Number.NaN), 0)
}

function singular(word: string): string {
  const lower = word.toLowerCase()
  return lower.length > 2 ? lower.replace(/s$/, '') : lower
}

function units(unit: Figure['unit'], factors: Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(factors).map(([name, factor]) => [name, [factor, unit] as const]))
}

function numbered(words: string, step: number, from: number): Record<string, number> {
  return Object.fromEntries(words.split(' ').map((word, index) => [word, from + index * step]))
}
