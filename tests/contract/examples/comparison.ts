import { crc32 } from 'node:zlib'
import { isObject, type Json } from '../../../src/contract/document/document.ts'
import { ids, type Known, times } from './story.ts'
import { MICROS_PER_DAY, microsOf, type StoryTime } from './story-time.ts'

/** What no server can give twice; everything else of an example must be given to the letter. */
const MASKED = new RegExp(
  [
    '(?<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})',
    String.raw`(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)`,
    String.raw`(?<refreshToken>\bnrt_[\w-]{43}(?![\w-]))`,
    String.raw`(?<key>\bnak_[\w-]{43}[0-9a-f]{8}(?![\w-]))`,
    String.raw`(?<hint>\bnak_[\w-]{6}(?![\w-]))`,
    String.raw`(?<accessToken>\beyJ[\w-]+\.[\w-]+\.[\w-]+)`,
    String.raw`(?<=[?&]cursor=|"cursor":"|\nid: )(?<cursor>[\w-]+)`,
  ].join('|'),
  'g',
)

const CURSOR = /^[\w-]+$/

interface Token {
  readonly kind: string
  readonly text: string
}
interface Pair {
  readonly where: string
  readonly shown: string
  readonly given: string
}

/** Compares all parts of one answer with what the document shows of it, and remembers which id stands for which. */
export interface Comparison {
  readonly compare: (where: string, shown: Json | undefined, given: Json | undefined) => void
  /** Every difference so far, as lines. */
  readonly differences: () => string[]
}

/** `exact`: ids beside those of the story that are shown to the letter, such as one that the request brought along. */
export function createComparison(known: Known, { toNow }: StoryTime, exact: readonly string[] = []): Comparison {
  const found: string[] = []
  const pairs: Record<string, Pair[]> = { id: [], time: [], refreshToken: [], key: [], hint: [], accessToken: [] }
  const note = (where: string, shown: unknown, given: unknown): void => {
    found.push(`${where}: ${JSON.stringify(shown)} is shown, ${JSON.stringify(given)} is given`)
  }

  const compareText = (where: string, shown: string, given: string): void => {
    if (where.endsWith('/cursor') && CURSOR.test(shown) && CURSOR.test(given)) return
    const [before, after] = [tokensOf(shown), tokensOf(given)]
    if (shown.replace(MASKED, '') !== given.replace(MASKED, '') || kindsOf(before) !== kindsOf(after)) {
      note(where, shown, given)
      return
    }
    for (const [index, { kind, text }] of before.entries())
      pairs[kind]?.push({ where, shown: text, given: after[index]?.text ?? '' })
  }

  const compare: Comparison['compare'] = (where, shown, given) => {
    if (typeof shown === 'string' && typeof given === 'string') {
      compareText(where, shown, given)
    } else if (Array.isArray(shown) && Array.isArray(given)) {
      if (shown.length === given.length)
        for (const [index, item] of shown.entries()) compare(`${where}/${index}`, item, given[index])
      else note(where, shown, given)
    } else if (isObject(shown) && isObject(given)) {
      const names = new Set([...Object.keys(shown), ...Object.keys(given)])
      for (const name of names) compare(`${where}/${name}`, shown[name], given[name])
    } else if (shown !== given) {
      note(where, shown, given)
    }
  }

  /** Whether a pair must be equal, and whether it is. */
  const isWrong: Readonly<Record<string, (pair: Pair) => boolean>> = {
    id: ({ shown, given }) => {
      if (known.ids.has(shown) || exact.includes(shown)) return shown !== given
      return known.ids.has(given) || !storyIds.has(shown) || !isOneToOne(pairs['id'] ?? [], { shown, given })
    },
    time: ({ shown, given }) => {
      if (known.times.has(toNow(shown))) return toNow(shown) !== given
      return known.times.has(given) || !isOfStory(shown)
    },
    key: ({ shown, given }) => !hasChecksum(shown) || !hasChecksum(given),
    hint: ({ shown, given }) => {
      const made = (pairs['key'] ?? []).find((key) => key.shown.startsWith(shown))
      return made === undefined ? shown !== given : !made.given.startsWith(given)
    },
    refreshToken: (pair) => !isOneToOne(pairs['refreshToken'] ?? [], pair),
    accessToken: ({ shown, given }) => headOf(shown) !== headOf(given),
  }

  const differences = (): string[] => [
    ...found,
    ...Object.entries(isWrong).flatMap(([kind, isBad]) => (pairs[kind] ?? []).filter(isBad).map(described)),
    ...disorder(pairs['time'] ?? []),
  ]
  return { compare, differences }
}

const storyIds: ReadonlySet<string> = new Set(Object.values(ids))

/** All examples tell one story: a time of theirs is a time of it, or whole days after one. */
function isOfStory(time: string): boolean {
  return Object.values(times).some((moment) => (microsOf(time) - microsOf(moment)) % MICROS_PER_DAY === 0n)
}

function kindsOf(tokens: readonly Token[]): string {
  return tokens.map(({ kind }) => kind).join()
}

function tokensOf(text: string): Token[] {
  return [...text.matchAll(MASKED)].map(({ groups = {} }) => {
    const [kind, value = ''] = Object.entries(groups).find((entry) => entry[1] !== undefined) ?? ['']
    return { kind, text: value }
  })
}

/** Times are in the same order as they are shown, equal where they are shown equal, and as many whole days apart. */
function disorder(pairs: readonly Pair[]): string[] {
  return pairs.flatMap((one, index) =>
    pairs.slice(index + 1).flatMap((other) => {
      const shown = microsOf(one.shown) - microsOf(other.shown)
      const given = microsOf(one.given) - microsOf(other.given)
      const isAlike = shown % MICROS_PER_DAY === 0n ? shown === given : shown < 0n === given < 0n && given !== 0n
      return isAlike ? [] : [`${described(one)}, which is otherwise related to ${described(other)}`]
    }),
  )
}

function isOneToOne(
  pairs: readonly Pick<Pair, 'shown' | 'given'>[],
  { shown, given }: Pick<Pair, 'shown' | 'given'>,
): boolean {
  return pairs.every((other) => (other.shown === shown) === (other.given === given))
}

function described({ where, shown, given }: Pair): string {
  return `${where}: ${shown} is shown, ${given} is given`
}

/** The last eight letters guard the others against typing errors. */
function hasChecksum(key: string): boolean {
  return crc32(key.slice(0, -8)).toString(16).padStart(8, '0') === key.slice(-8)
}

/** What an access token says of itself, but for the key that it was signed with. */
function headOf(token: string): string {
  const head = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>
  return JSON.stringify({ alg: head['alg'], typ: head['typ'] })
}
