import type { Answer } from '../../support/people.ts'

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** As the API and as PostgreSQL write it. */
const TIME = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|\+00)/g
/** Tokens, keys, hashes and cursors; and the length of a text that has such. */
const OTHERS =
  /\b(?:nrt|nak)_[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|\$argon2id\$[\w$+/=,]+|\\x[0-9a-f]{64}|(?<=cursor=|"cursor":"|\nid: )[\w-]+|(?<=content-length: )\d+/g

/** How many failed logins are counted. They fade with time; one that has partly faded still counts as one. */
const FAILURES = /(?<=^login_failures \("\\\\x[0-9a-f]{64}",)[\d.]+/

/** Ids and times that were there before any request; they are never masked. */
export type Known = ReadonlySet<string>

export function knownIn(rows: readonly string[]): Known {
  return new Set(rows.flatMap((row) => [...idsIn(row), ...[...row.matchAll(TIME)].map(([time]) => plain(time))]))
}

export function idsIn(text: string): string[] {
  return [...text.matchAll(ID)].map(([id]) => id)
}

/** An answer to the byte, but for the time of day. */
export function textOf({ status, headers, text }: Answer): string {
  const steady = [...headers].filter(([name]) => name !== 'date').map(([name, value]) => `${name}: ${value}`)
  return [status, ...steady, '', text].join('\n')
}

/** Whether two texts are the same. Ids, times and secrets that came into being meanwhile may differ. */
export function isSame(one: string, other: string, known: Known): boolean {
  return one === other || masked(one, known) === masked(other, known)
}

export function masked(text: string, known: Known): string {
  const mask = (name: string) => (found: string) => (known.has(plain(found)) ? plain(found) : name)
  const whole = text.replace(FAILURES, (failures) => String(Math.ceil(Number(failures))))
  return whole.replace(ID, mask('<id>')).replace(TIME, mask('<time>')).replace(OTHERS, '<other>')
}

/** What rows of one database have no counterpart in the other, as texts that say which. */
export function differences(one: readonly string[], other: readonly string[], known: Known): string[] {
  const counts = new Map<string, number>()
  for (const row of one) count(counts, masked(row, known), 1)
  for (const row of other) count(counts, masked(row, known), -1)
  return [...counts]
    .filter(([, number]) => number !== 0)
    .map(([row, number]) => `${number > 0 ? 'only' : 'lacks'} ${row.slice(0, 300)}`)
}

function count(counts: Map<string, number>, row: string, by: number): void {
  counts.set(row, (counts.get(row) ?? 0) + by)
}

function plain(text: string): string {
  return text.replace(TIME, '$1T$2Z')
}
