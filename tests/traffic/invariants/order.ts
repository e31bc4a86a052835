import { operationCalled } from '../../contract/harness/document-examples.ts'
import { lists } from './documented.ts'
import { type Invariant, ours } from './invariant.ts'
import { type Fields, inWords, micros, queryValue, type Seen, strings } from './seen.ts'

type Comparison = (a: Fields, b: Fields) => number

/** The order that each list promises, as a comparison; undefined for values whose order the contract leaves open. */
const ORDERS: Readonly<Record<string, (seen: Seen) => Comparison>> = {
  listSessions: () => byTime('created_at', -1),
  listSecurityEvents: () => byTime('created_at', -1),
  listApiKeys: () => byTime('created_at', -1),
  listNotes: (seen) => noteOrder(queryValue(seen, 'sort') ?? ''),
  listNoteSummaries: (seen) => noteOrder(queryValue(seen, 'sort') ?? ''),
  listRevisions: () => (a, b) => Number(b['version']) - Number(a['version']),
  listTags: () => (a, b) => byCodePoints(tagKey(a['tag']), tagKey(b['tag'])),
  listTrash: () => byTime('deleted_at', -1),
}

const sorts = (operationCalled('listNotes').parameters.find(({ name }) => name === 'sort')?.schema.value['enum'] ??
  []) as readonly string[]

/** What no list may hold twice. */
export const identityOf = (item: Fields): string =>
  inWords(item['seq'] ?? item['id'] ?? item['version'] ?? tagKey(item['tag']))

/** "Newest first", "the last deleted first", "in alphabetical order", "in the order of `sort`". */
export const order: Invariant = {
  title: 'A list has the order that was asked for',
  concerns: [...lists.filter((id) => id !== 'listNotes'), ...sorts.map((sort) => `listNotes ${sort}`)],
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      if (!lists.includes(seen.operationId) || seen.status !== 200 || seen.isHead) continue
      const concern = seen.operationId === 'listNotes' ? `listNotes ${queryValue(seen, 'sort')}` : seen.operationId
      const compare = orderOf(seen)
      hold(concern, seen, compare !== undefined, 'a list without a known order')
      const pairs = seen.items.slice(1).map((item, index) => [seen.items[index] ?? {}, item] as const)
      const wrong = pairs.filter(([before, after]) => (compare?.(before, after) ?? 0) > 0)
      const shown = wrong.map(([before, after]) => `${identityOf(before)} before ${identityOf(after)}`)
      if (pairs.length > 0) hold(concern, seen, wrong.length === 0, `${concern}: ${shown[0]}`)
      const ids = seen.items.map(identityOf)
      hold(concern, seen, new Set(ids).size === ids.length, 'an item twice on one page')
    }
  },
}

export function orderOf(seen: Seen): Comparison | undefined {
  return ORDERS[seen.operationId]?.(seen)
}

/** The form in which tags are compared. */
export function tagKey(tag: unknown): string {
  return small(small(String(tag).normalize('NFKD')).normalize('NFKC')).normalize('NFKC')
}

/** Letter by letter, so that no rule for the end of a word applies. */
function small(text: string): string {
  const letters = Array.from(text, (letter) =>
    letter === 'ı' ? letter : letter.toLowerCase().toUpperCase().toLowerCase(),
  )
  return letters.join('')
}

function noteOrder(sort: string): Comparison {
  const name = sort.replace('-', '')
  const direction = sort.startsWith('-') ? -1 : 1
  if (name !== 'title') return byTime(name, direction)
  return (a, b) => {
    const titles = [a, b].map(({ title }) => Array.from(String(title)).slice(0, 100).join('').toLowerCase())
    const [one = '', other = ''] = titles
    // How letters beyond ASCII become small is up to the database.
    return titles.every((title) => /^[\x20-\x7e]*$/.test(title)) ? direction * byCodePoints(one, other) : 0
  }
}

function byTime(name: string, direction: 1 | -1): Comparison {
  return (a, b) => direction * (micros(a[name]) - micros(b[name]))
}

function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function hasTag(item: Fields, tag: string): boolean {
  return strings(item['tags']).some((own) => tagKey(own) === tagKey(tag))
}
