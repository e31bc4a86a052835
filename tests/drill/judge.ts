import { Client, type ClientConfig } from 'pg'
import { quantile } from '../bench/figures.ts'
import { ask, logIn, type Person } from '../support/people.ts'
import type { Outcome, Traffic, Writer } from './traffic.ts'

export interface Verdict {
  readonly requests: number
  /** How many requests had which result. */
  readonly results: ReadonlyMap<string, number>
  /** Milliseconds. */
  readonly slowest: number
  readonly p50: number
  readonly acknowledged: number
  readonly lost: number
  readonly duplicated: number
}

const isGood = ({ result }: Outcome): boolean => typeof result === 'number' && result < 300

/** The share of good requests among those sent since then. */
export function goodShare(outcomes: readonly Outcome[], since: number): number {
  const later = outcomes.filter(({ at }) => at >= since)
  return later.filter(isGood).length / later.length
}

/** How many milliseconds after `since` 99 % of the requests were good again, to the end; undefined if they never were. */
export function backAfter(outcomes: readonly Outcome[], since: number): number | undefined {
  const later = outcomes.filter(({ at }) => at >= since).toSorted((a, b) => a.at - b.at)
  let bad = later.filter((outcome) => !isGood(outcome)).length
  for (const [index, outcome] of later.entries()) {
    const left = later.length - index
    if (left < LEAST) return undefined
    if (isGood(outcome) && bad <= left * 0.01) return outcome.at - since
    if (!isGood(outcome)) bad -= 1
  }
  return undefined
}
/** So many requests say whether it is over: those of four seconds. */
const LEAST = 200

/** Reads back through another session and by SQL what was acknowledged. */
export async function judge(
  traffic: Traffic,
  { url, database }: { readonly url: string; readonly database: ClientConfig },
): Promise<Verdict> {
  const { outcomes, wanted, writers } = traffic
  const results = new Map<string, number>()
  for (const { result } of outcomes) results.set(String(result), (results.get(String(result)) ?? 0) + 1)
  const rows = await countNotes(database)
  let lost = 0
  let duplicated = 0
  for (const { key, id } of wanted) {
    const ids = rows.get(key) ?? []
    if (id === undefined || !ids.includes(id)) lost += 1
    if (ids.length > 1) duplicated += 1
  }
  for (const [index, writer] of writers.entries()) {
    const { email, password } = writer.person
    const other = await logIn({ url }, email, password)
    const own = wanted.filter((note) => note.writer === index)
    const seen = await titlesOf(other, url)
    lost += own.filter(({ key }) => !seen.has(key)).length
    if ((await journalOf(other, writer)) < writer.journal.acknowledged) lost += 1
  }
  const times = outcomes.map(({ took }) => took)
  return {
    requests: outcomes.length,
    results,
    slowest: Math.max(...times),
    p50: quantile(times, 0.5),
    acknowledged: wanted.length,
    lost,
    duplicated,
  }
}

/** The ids of the notes with each title. */
async function countNotes(database: ClientConfig): Promise<ReadonlyMap<string, readonly string[]>> {
  const client = new Client(database)
  await client.connect()
  try {
    const { rows } = await client.query<{ title: string; ids: string[] }>(
      `select title, array_agg(id::text) as ids from notes where title like 'drill-%' group by title`,
    )
    return new Map(rows.map(({ title, ids }) => [title, ids]))
  } finally {
    await client.end()
  }
}

async function titlesOf(reader: Person, url: string): Promise<ReadonlySet<string>> {
  const titles = new Set<string>()
  for (let path: string | undefined = '/notes/summaries?limit=100'; path !== undefined;) {
    const page: Awaited<ReturnType<typeof ask>> = await ask({ url }, 'GET', path, {
      headers: { Authorization: `Bearer ${reader.accessToken}` },
    })
    for (const { title } of page.list) titles.add(String(title))
    path = /<(.+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
  }
  return titles
}

async function journalOf(reader: Person, { journal }: Writer): Promise<number> {
  return Number((await reader.ask('GET', journal.path)).body['content'])
}
