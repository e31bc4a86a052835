import { isObject, type JsonObject, object, string } from '../../../src/contract/document/document.ts'
import { type Finding, same, shown, reporter } from './changes.ts'
import { compareMembers, mapOf, objectsOf } from './compare-members.ts'

/** Members of the root that another part compares, or that only people read. */
const ROOT = [
  'info',
  'paths',
  'components',
  'tags',
  'servers',
  'x-tagGroups',
  'x-timeout-seconds',
  'x-rate-limit',
  'x-rules-in-words',
] as const

/** Compares what is outside of operations: names that generated clients use, and the addresses of servers. */
export function compareNames(oldRoot: JsonObject, newRoot: JsonObject): readonly Finding[] {
  return [
    ...compareMembers(oldRoot, newRoot, ROOT, (key) => `root ${key}`),
    ...compareServers(oldRoot, newRoot),
    ...compareTitles(oldRoot, newRoot),
    ...compareTags(oldRoot, newRoot),
    ...compareComponents(oldRoot, newRoot),
  ]
}

/** The default address of requests. */
function compareServers(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const [was, is] = [oldRoot, newRoot].map((root) =>
    objectsOf(root['servers']).map(({ url, variables }) => [url, variables]),
  )
  if (same(was, is)) return []
  return [{ id: 'root servers', impact: 'major', text: `${shown(was)} became ${shown(is)}`, names: [] }]
}

/** Generators name the package, or the function that makes a client, after the title of the document. */
function compareTitles(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const [was, is] = [oldRoot, newRoot].map((root) => mapOf(root['info'])['title'])
  return was === is
    ? []
    : [{ id: 'title-changed', impact: 'major', text: `${shown(was)} became ${shown(is)}`, names: [] }]
}

/** The tags that the document declares; those of an operation are compared with it. */
function compareTags(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const [were = [], are = []] = [oldRoot, newRoot].map((root) =>
    objectsOf(root['tags']).map(({ name }) => string(name)),
  )
  const gone = were.filter((name) => !are.includes(name))
  return gone.map((name) => ({
    id: `tag-removed ${name}`,
    impact: 'major',
    text: `generated clients have a class or a module ${name}`,
    names: [name],
  }))
}

/** Generators put an operation into a class or module named after its first tag; some into one for each tag. */
export function compareOperationTags(operationId: string, before: JsonObject, after: JsonObject): Finding[] {
  const [were = [], are = []] = [before, after].map(({ tags }) => (Array.isArray(tags) ? tags.map(String) : []))
  const report = reporter(operationId)
  const text = `${were.join(', ') || 'no tag'} became ${are.join(', ') || 'no tag'}`
  if (were[0] !== are[0] || were.some((tag) => !are.includes(tag)))
    return [report('tag-changed', '', 'major', text, are)]
  const added = are.filter((tag) => !were.includes(tag))
  return added.map((tag) => report('tag-added', tag, 'minor', text, [tag]))
}

/** Generated clients name their types after components. Security schemes are compared separately. */
function compareComponents(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const [were, are] = [mapOf(oldRoot['components']), mapOf(newRoot['components'])]
  const kinds = Object.keys(were).filter((kind) => kind !== 'securitySchemes' && isObject(were[kind]))
  return kinds.flatMap((kind) => {
    const gone = Object.keys(object(were[kind])).filter((name) => mapOf(are[kind])[name] === undefined)
    return gone.map((name) => ({
      id: kind === 'schemas' ? `schema-removed ${name}` : `component-removed ${kind}/${name}`,
      impact: 'major' as const,
      text: `generated clients may have a type ${name}`,
      names: [name],
    }))
  })
}
