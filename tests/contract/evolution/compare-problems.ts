import { at, isObject, type Json, type JsonObject, type Place } from '../../../src/contract/document/document.ts'
import { type Finding, reporter } from './changes.ts'
import { mapOf } from './compare-members.ts'

/** Statuses of the kinds of problems that the server knows, by slug. */
export type ProblemKinds = Readonly<Record<string, { readonly status: number } | undefined>>

const ADDRESS = /\/problems\/([a-z0-9]+(?:-[a-z0-9]+)*)/g

/** Programs branch on `type`, wherever the contract shows it: in an example, a table or a sentence. */
export function compareProblemTypes(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const are = slugsOf(newRoot)
  return [...slugsOf(oldRoot)]
    .filter((slug) => !are.has(slug))
    .map((slug) => ({
      id: `problem-type-removed ${slug}`,
      impact: 'major',
      text: `programs decide by the problem type /problems/${slug}, which is gone`,
      names: [slug],
    }))
}

/** The types in the examples of a failure. A type that one operation no longer sends may remain in another. */
export function compareShownProblems(
  operationId: string,
  status: number,
  [oldRoot, before]: readonly [JsonObject, Place],
  [newRoot, after]: readonly [JsonObject, Place],
): Finding[] {
  if (status < 400) return []
  const are = shownProblems(newRoot, after)
  const gone = [...shownProblems(oldRoot, before)].filter((type) => !are.has(type))
  if (gone.length === 0) return []
  const known = slugsOf(newRoot)
  const text = `${status} no longer has this type and status`
  return gone
    .filter((type) => known.has(type.split(' ')[0] ?? ''))
    .map((type) => reporter(operationId)('problem-type-removed', `${status} ${type}`, 'major', text, [String(status)]))
}

/** Problem types in the contract that the server does not know, or sends with another status. */
export function problemTypeViolations(root: JsonObject, kinds: ProblemKinds): string[] {
  const unknown = [...slugsOf(root)].filter((slug) => kinds[slug] === undefined)
  const shown = [...shownIn(root)].map((type) => type.split(' '))
  return [
    ...unknown.map((slug) => `The contract names /problems/${slug}, which src/http/problem-kinds.ts does not have.`),
    ...shown.flatMap(([slug = '', status]) => {
      const kind = kinds[slug]
      if (kind === undefined || status === undefined || Number(status) === kind.status) return []
      return [
        `The contract shows /problems/${slug} with ${status}; in src/http/problem-kinds.ts it has ${kind.status}.`,
      ]
    }),
  ]
}

function slugsOf(root: JsonObject): Set<string> {
  return new Set([...JSON.stringify(root).matchAll(ADDRESS)].map(([, slug = '']) => slug))
}

function shownProblems(root: JsonObject, response: Place): Set<string> {
  const examples = Object.keys(mapOf(response.value['content'])).flatMap((type) => {
    const media = at(root, response, 'content', type)
    return Object.keys(mapOf(media.value['examples'])).map((name) => at(root, media, 'examples', name).value)
  })
  return new Set(examples.flatMap((example) => [...shownIn(example)]))
}

/** `slug status` of each problem in a value; the status is left out where the problem has none. */
function shownIn(value: Json): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((entry: Json) => [...shownIn(entry)]))
  if (!isObject(value)) return new Set()
  const { type, status } = value
  const inside = Object.values(value).flatMap((member) => [...shownIn(member)])
  const slug = typeof type === 'string' && type.startsWith('/problems/') ? type.slice('/problems/'.length) : undefined
  return new Set([...(slug === undefined ? [] : [typeof status === 'number' ? `${slug} ${status}` : slug]), ...inside])
}
